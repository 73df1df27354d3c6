//! The part of the state store that belongs to the scheduler: states of triggers, and backfills. Both are changed
//! only on the version that was read, so that a tick delivered twice cannot move a trigger twice.

use crate::error::PortError;
use async_trait::async_trait;
use jiff::Timestamp;
use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger_state::{TriggerKey, TriggerState};

/// Something with the version it was read at; each write counts it up.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The thing.
    pub value: T,
    /// Its version, from 1; 0 stands for what is not there yet.
    pub version: u64,
}

/// Which triggers are meant; an absent field means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerFilter {
    /// This namespace and those below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
}

/// Which backfills are meant; an absent field means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillFilter {
    /// This namespace and those below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
    /// This trigger.
    pub trigger_id: Option<String>,
    /// In one of these states.
    pub states: Vec<BackfillState>,
    /// At most so many, newest first; 0 is no limit.
    pub limit: u32,
    /// So many passed over first.
    pub offset: u32,
}

/// States of triggers, and backfills. Each method is atomic.
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// The state of a trigger.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn trigger(&self, key: &TriggerKey) -> Result<Option<Versioned<TriggerState>>, PortError>;

    /// Writes the state of a trigger on the version it was read at (0: it must not be there); returns the new one.
    ///
    /// # Errors
    /// [`PortError::Conflict`] when the version is another; then nothing is changed.
    async fn put_trigger(&self, state: &TriggerState, version: u64) -> Result<u64, PortError>;

    /// Removes the state of a trigger; false where there was none.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn delete_trigger(&self, key: &TriggerKey) -> Result<bool, PortError>;

    /// States of triggers, in order of namespace, flow and id.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn triggers(&self, filter: &TriggerFilter) -> Result<Vec<TriggerState>, PortError>;

    /// Triggers whose next slot is due, earliest first, at most `limit`: enabled, and held by no execution.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn due_triggers(&self, now: Timestamp, limit: u32) -> Result<Vec<TriggerKey>, PortError>;

    /// When the earliest slot is due of all triggers that are enabled and held by no execution.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn next_slot(&self) -> Result<Option<Timestamp>, PortError>;

    /// A backfill.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn backfill(&self, id: &str) -> Result<Option<Versioned<Backfill>>, PortError>;

    /// Writes a backfill on the version it was read at (0: it must not be there); returns the new one.
    ///
    /// # Errors
    /// [`PortError::Conflict`] when the version is another; then nothing is changed.
    async fn put_backfill(&self, backfill: &Backfill, version: u64) -> Result<u64, PortError>;

    /// Backfills, newest first.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn backfills(&self, filter: &BackfillFilter) -> Result<Vec<Backfill>, PortError>;
}
