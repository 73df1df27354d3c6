//! The state store: flows, executions, task runs, claims, KV, logs, timers and slots.

use crate::error::PortError;
use crate::kv::{KvEntry, KvWrite};
use crate::wire::AttemptKey;
use async_trait::async_trait;
use jiff::Timestamp;
use segue_model::Json;
use segue_model::event::TaskRunResult;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use serde::{Deserialize, Serialize};

/// A flow as stored: its source is the truth, parsed anew where it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredFlow {
    /// The namespace.
    pub namespace: String,
    /// The id.
    pub id: String,
    /// Counted from 1; saving the same source again does not count.
    pub revision: u32,
    /// The YAML as it was given.
    pub source: String,
    /// When this revision was saved.
    pub updated: Timestamp,
    /// This revision is the removal of the flow.
    pub deleted: bool,
}

/// An execution with everything the engine needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredExecution {
    /// The execution.
    pub execution: Execution,
    /// Its task runs in the order in which they were made, each with its place in that order.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// What the engine keeps besides; opaque to the store.
    pub notes: Json,
    /// Counts the commits.
    pub version: u64,
}

/// A change of one execution, all or nothing.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The execution as it is to be.
    pub execution: Execution,
    /// What the engine keeps besides.
    pub notes: Json,
    /// The version it was decided on.
    pub expected_version: u64,
    /// Task runs that are new or changed, with their place in the order of making.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// Task runs that are gone (restart).
    pub removed: Vec<TaskRunId>,
    /// Lines for the log.
    pub logs: Vec<LogEntry>,
    /// Changes of the KV store.
    pub kv: Vec<KvWrite>,
    /// Timers to set; one of the same key is replaced.
    pub timers: Vec<Timer>,
    /// Keys of timers to clear.
    pub cleared_timers: Vec<String>,
}

/// A durable timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timer {
    /// Whose.
    pub execution_id: ExecutionId,
    /// Its name within the execution.
    pub key: String,
    /// When.
    pub due: Timestamp,
}

/// Whether an attempt may be run by who asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// It is the caller's until the lease ends.
    Granted,
    /// Somebody else has it.
    Held {
        /// Until then.
        until: Timestamp,
    },
    /// It has ended; the result may have to be published again.
    Finished(Box<TaskRunResult>),
    /// It was taken away: nobody may run it any more.
    Revoked,
}

/// Whether an execution may run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// It holds a slot.
    Granted,
    /// All slots are held by others.
    Full,
}

/// Which executions are meant; an absent field means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// This namespace and those below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
    /// In one of these states.
    pub states: Vec<State>,
    /// With all of these labels.
    pub labels: Vec<(String, String)>,
    /// Started at or after.
    pub start: Option<Timestamp>,
    /// Started at or before.
    pub end: Option<Timestamp>,
    /// At most so many, newest first; 0 is no limit.
    pub limit: u32,
    /// So many passed over first.
    pub offset: u32,
}

/// Flows, executions, task runs, claims, KV, logs, timers and slots. Each method is atomic.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// Saves a flow as its next revision; the same source again is the revision it has.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn put_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError>;

    /// A flow in that revision, or the latest; none where it is not there or was deleted.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn flow(
        &self,
        namespace: &str,
        id: &str,
        revision: Option<u32>,
    ) -> Result<Option<StoredFlow>, PortError>;

    /// The latest revisions of all flows of a namespace, or of all namespaces.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn flows(&self, namespace: Option<&str>) -> Result<Vec<StoredFlow>, PortError>;

    /// Adds a revision that says the flow is gone; false where it was not there.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn delete_flow(&self, namespace: &str, id: &str, now: Timestamp) -> Result<bool, PortError>;

    /// Writes a new execution; false, and nothing is changed, where its id is there already.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn create_execution(&self, execution: &Execution) -> Result<bool, PortError>;

    /// An execution with its task runs.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn execution(&self, id: &ExecutionId) -> Result<Option<StoredExecution>, PortError>;

    /// Executions without their task runs, newest first.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn executions(&self, filter: &ExecutionFilter) -> Result<Vec<Execution>, PortError>;

    /// Writes a change and returns the new version.
    ///
    /// # Errors
    /// [`PortError::Conflict`] when the version is not the expected one; then nothing is changed.
    async fn commit(&self, commit: Commit) -> Result<u64, PortError>;

    /// Removes an execution with its task runs, logs, claims and timers; false where it was not there.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn delete_execution(&self, id: &ExecutionId) -> Result<bool, PortError>;

    /// Claims an attempt for `holder` until `until`. Whoever holds it already may claim it again; an expired
    /// claim is taken over.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError>;

    /// Makes the lease of a claim longer; false where the caller holds it no more.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn renew_claim(&self, key: &AttemptKey, holder: &str, until: Timestamp) -> Result<bool, PortError>;

    /// Writes how an attempt ended, with the rest of its log; false, and nothing is written, where the caller
    /// holds it no more.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn finish_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        result: &TaskRunResult,
        logs: Vec<LogEntry>,
    ) -> Result<bool, PortError>;

    /// Takes the claims of an execution away (all, or those of one task run), because it is killed or timed
    /// out: `renew_claim` and `finish_claim` answer false from then on, and no new claim is granted for these
    /// attempts.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn revoke_claims(
        &self,
        execution: &ExecutionId,
        task_run: Option<&TaskRunId>,
    ) -> Result<(), PortError>;

    /// Adds lines to logs.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn append_logs(&self, entries: Vec<LogEntry>) -> Result<(), PortError>;

    /// The lines of an execution's log at or above a level, oldest first; `after` is how many are passed
    /// over, so that a follower reads on from where it was.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn logs(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        after: u64,
    ) -> Result<Vec<LogEntry>, PortError>;

    /// A KV value of exactly that namespace; none where it is absent or has expired.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn kv(&self, namespace: &str, key: &str, now: Timestamp) -> Result<Option<KvEntry>, PortError>;

    /// The KV values of exactly that namespace, in order of their keys.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn kv_entries(&self, namespace: &str, now: Timestamp) -> Result<Vec<KvEntry>, PortError>;

    /// Changes the KV store.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn write_kv(&self, writes: Vec<KvWrite>, now: Timestamp) -> Result<(), PortError>;

    /// Sets timers outside a commit.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn set_timers(&self, timers: Vec<Timer>) -> Result<(), PortError>;

    /// Timers that are due, earliest first, at most `limit`.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn due_timers(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError>;

    /// When the earliest timer is due.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn next_timer(&self) -> Result<Option<Timestamp>, PortError>;

    /// Removes a timer, if it is still the one that was read (same due date): called once its event is
    /// published, so a crash between fires it twice rather than never.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn clear_timer(&self, timer: &Timer) -> Result<(), PortError>;

    /// Takes a slot of a flow for an execution, first come first served: an execution that asked before and
    /// still waits goes first. Asking again changes nothing.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn take_slot(
        &self,
        namespace: &str,
        flow_id: &str,
        limit: u32,
        execution: &ExecutionId,
        wait: bool,
        now: Timestamp,
    ) -> Result<Slot, PortError>;

    /// Gives a slot (or a place in the queue) back and returns the executions that hold a slot by that.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn release_slot(
        &self,
        namespace: &str,
        flow_id: &str,
        execution: &ExecutionId,
        now: Timestamp,
    ) -> Result<Vec<ExecutionId>, PortError>;
}
