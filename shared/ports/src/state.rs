//! The state store: flows, executions, task runs, claims, KV, logs, timers and slots.

use crate::error::PortError;
use crate::kv::{KvEntry, KvWrite};
use crate::schedule::ScheduleStore;
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
    /// The moment of the step: the KV values it sets are dated by it.
    pub now: Timestamp,
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
    Granted {
        /// How many deliveries took the claim and never let go of it in good order, this one included: 1 at first,
        /// more after the death of processes that had it. [`StateStore::hand_back_claim`] begins anew.
        deliveries: u32,
    },
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
    /// Of `namespace`, not those below it.
    pub exact_namespace: bool,
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
    /// Fired by the trigger of that id; with a flow.
    pub trigger_id: Option<String>,
    /// Standing for a slot between these, both inclusive; with a flow and a trigger.
    pub slots: Option<(Timestamp, Timestamp)>,
    /// Fired by that execution (subflows, Flow triggers).
    pub triggered_by: Option<ExecutionId>,
    /// At most so many, newest first; 0 is no limit.
    pub limit: u32,
    /// So many passed over first.
    pub offset: u32,
}

/// Some lines of an execution's log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogEntry>,
    /// Where the next page begins; a number for the store alone.
    pub next: u64,
    /// Whether there may be more now.
    pub more: bool,
}

/// Which lines of the logs of many executions are meant; an absent field means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    /// This namespace and those below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
    /// Lines at or above.
    pub min_level: LogLevel,
    /// Written at or after.
    pub start: Option<Timestamp>,
    /// Written at or before.
    pub end: Option<Timestamp>,
    /// With this text in the message, case not minded.
    pub text: Option<String>,
    /// Fired by the trigger of that id.
    pub trigger_id: Option<String>,
    /// At most so many, those of the newest executions first; 0 is no limit.
    pub limit: u32,
    /// So many passed over first.
    pub offset: u32,
}

impl Default for LogFilter {
    fn default() -> Self {
        Self {
            namespace: None,
            flow_id: None,
            min_level: LogLevel::Trace,
            start: None,
            end: None,
            text: None,
            trigger_id: None,
            limit: 0,
            offset: 0,
        }
    }
}

/// Flows, executions, task runs, claims, KV, logs, timers and slots. Each method is atomic.
#[async_trait]
pub trait StateStore: ScheduleStore {
    /// Whether the store can be read and written now, and is whole as far as it knows: what a health check asks. Cheap
    /// enough to be asked every few seconds.
    ///
    /// Without a cheaper way, a slot is taken and given back. Both are writes, and nobody can see a change. The flow of
    /// the slot cannot exist, because its name has a `/`.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] says what is wrong: the disk is full, the database is damaged, nothing answers.
    async fn check(&self, now: Timestamp) -> Result<(), PortError> {
        let (namespace, flow) = ("system", "health/check");
        let execution = ExecutionId::derive(&[namespace, flow]);
        self.take_slot(namespace, flow, 1, &execution, false, now).await?;
        self.release_slot(namespace, flow, &execution, now).await.map(|_| ())
    }

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

    /// All revisions of a flow, oldest first, those that say it was deleted included; empty where it never was.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn flow_revisions(&self, namespace: &str, id: &str) -> Result<Vec<StoredFlow>, PortError>;

    /// Adds a revision that says the flow is gone; false where it was not there.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn delete_flow(&self, namespace: &str, id: &str, now: Timestamp) -> Result<bool, PortError>;

    /// Writes a new execution; false, and nothing is changed, where its id is there already.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn create_execution(&self, execution: &Execution) -> Result<bool, PortError> {
        let new = StoredExecution {
            execution: execution.clone(),
            task_runs: Vec::new(),
            notes: Json::Null,
            version: 0,
        };
        self.create_execution_with(&new).await
    }

    /// Writes a new execution with the task runs and the notes it begins with (a replay), all or nothing; false,
    /// and nothing is changed, where its id is there already. The version given does not count.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn create_execution_with(&self, new: &StoredExecution) -> Result<bool, PortError>;

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

    /// How many executions a filter means; its page counts for nothing.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn count_executions(&self, filter: &ExecutionFilter) -> Result<u64, PortError>;

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

    /// Ends the delivery that took a claim in good order, without an end of the attempt: the deliveries of the claim
    /// count from the beginning again, and it stays the holder's until `until` (a past moment: whoever asks next has
    /// it). False where the caller holds it no more.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn hand_back_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        until: Timestamp,
    ) -> Result<bool, PortError>;

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

    /// Takes attempts away, because they are killed or their time is over, whether somebody has claimed them or
    /// not: `renew_claim` and `finish_claim` answer false from then on, and `claim` answers [`Claim::Revoked`].
    /// What has ended keeps its result.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn revoke_claims(&self, attempts: &[AttemptKey]) -> Result<(), PortError>;

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

    /// The next lines of an execution's log at or above a level, oldest first, about `limit` of them, so that a long log
    /// is never in memory at once. `from` is 0, or where the last page of that level ended. A store that has all lines
    /// at hand may give them at once.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn log_page(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        from: u64,
        limit: u32,
    ) -> Result<LogPage, PortError> {
        let _ = limit;
        let lines = self.logs(execution, min_level, from).await?;
        Ok(LogPage { next: from.saturating_add(lines.len() as u64), lines, more: false })
    }

    /// Lines of the logs of many executions, and how many there are in all, counted up to 10,000.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn search_logs(&self, filter: &LogFilter) -> Result<(Vec<LogEntry>, u64), PortError>;

    /// Removes the log of an execution and returns how many lines it had.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn delete_logs(&self, execution: &ExecutionId) -> Result<u64, PortError>;

    /// A KV value of exactly that namespace; none where it is absent or has expired.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn kv(&self, namespace: &str, key: &str, now: Timestamp) -> Result<Option<KvEntry>, PortError>;

    /// The namespaces that hold KV values, in order.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn kv_namespaces(&self) -> Result<Vec<String>, PortError>;

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

    /// The clock went back to `now`: timers that were set while it was ahead are brought nearer by as much as it was, but
    /// for those of executions that are to begin at a date. Returns how many. A platform whose clock does not do that
    /// has nothing to do.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn clock_went_back(&self, now: Timestamp) -> Result<u64, PortError> {
        let _ = now;
        Ok(0)
    }

    /// Timers that are due, earliest first, at most `limit`.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn due_timers(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError>;

    /// A timer of an execution, by its key.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn timer(&self, execution: &ExecutionId, key: &str) -> Result<Option<Timer>, PortError>;

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
