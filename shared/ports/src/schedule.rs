//! The scheduler's part of the state store: states of triggers, and backfills. A write names the version that was read.
//! So a tick that is delivered twice cannot move a trigger twice.

use crate::error::PortError;
use async_trait::async_trait;
use jiff::Timestamp;
use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger_state::{TriggerKey, TriggerState};

/// A record with the version that was read. Each write increments the version.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The record.
    pub value: T,
    /// The version, from 1. 0 stands for a record that does not exist yet.
    pub version: u64,
}

/// Selects triggers. An absent field selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerFilter {
    /// This namespace and the namespaces below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
}

/// Selects backfills. An absent field selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillFilter {
    /// This namespace and the namespaces below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
    /// This trigger.
    pub trigger_id: Option<String>,
    /// One of these states.
    pub states: Vec<BackfillState>,
    /// The largest number of results, newest first. 0: no limit.
    pub limit: u32,
    /// The number of results to skip.
    pub offset: u32,
}

/// States of triggers, and backfills. Each method is atomic. Every method can also return
/// [`PortError::Unavailable`] if the store does not answer.
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// The state of a trigger. None if there is no such state.
    async fn trigger(&self, key: &TriggerKey) -> Result<Option<Versioned<TriggerState>>, PortError>;

    /// Writes the state of a trigger and returns the new version. `version` is the version that was read;
    /// with 0, the state must not exist yet.
    ///
    /// # Errors
    /// [`PortError::Conflict`] if the stored version is another one. Then nothing is changed.
    async fn put_trigger(&self, state: &TriggerState, version: u64) -> Result<u64, PortError>;

    /// Removes the state of a trigger. Returns false if there was no such state.
    async fn delete_trigger(&self, key: &TriggerKey) -> Result<bool, PortError>;

    /// States of triggers, in order of namespace, flow and id.
    async fn triggers(&self, filter: &TriggerFilter) -> Result<Vec<TriggerState>, PortError>;

    /// The number of triggers with a state.
    async fn count_triggers(&self) -> Result<u64, PortError> {
        Ok(self.triggers(&TriggerFilter::default()).await?.len() as u64)
    }

    /// Triggers with a due slot, earliest first, at most `limit`. Only triggers that are enabled and that no
    /// execution holds.
    async fn due_triggers(&self, now: Timestamp, limit: u32) -> Result<Vec<TriggerKey>, PortError>;

    /// The earliest due time of all triggers that are enabled and that no execution holds. None if there is
    /// no such trigger.
    async fn next_slot(&self) -> Result<Option<Timestamp>, PortError>;

    /// A backfill. None if it does not exist.
    async fn backfill(&self, id: &str) -> Result<Option<Versioned<Backfill>>, PortError>;

    /// Writes a backfill and returns the new version. `version` is the version that was read; with 0, the
    /// backfill must not exist yet.
    ///
    /// # Errors
    /// [`PortError::Conflict`] if the stored version is another one. Then nothing is changed.
    async fn put_backfill(&self, backfill: &Backfill, version: u64) -> Result<u64, PortError>;

    /// Backfills, newest first.
    async fn backfills(&self, filter: &BackfillFilter) -> Result<Vec<Backfill>, PortError>;
}
