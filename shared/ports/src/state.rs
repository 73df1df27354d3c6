//! The state store: flows, executions, task runs, claims, KV values, logs, timers and permits.

use crate::ended::{Ended, EndedFilter};
use crate::error::PortError;
pub use crate::filter::{ExecutionFilter, FlowName, LogFilter};
use crate::kv::{KvEntry, KvWrite};
use crate::log_line::{FoundLines, LineFilter, LineIndex, LinesAt, NumberedLine, choose_lines, index_lines};
use crate::schedule::ScheduleStore;
use crate::wire::AttemptKey;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use segue_model::Json;
use segue_model::event::TaskRunResult;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use serde::{Deserialize, Serialize};

/// A flow as stored. The source is authoritative and is parsed again where it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredFlow {
    /// The namespace.
    pub namespace: String,
    /// The id.
    pub id: String,
    /// The number of the revision, from 1. Saving the same source again keeps the number.
    pub revision: u32,
    /// The YAML text as it was saved.
    pub source: String,
    /// The time this revision was saved.
    pub updated: Timestamp,
    /// True if this revision records that the flow was deleted.
    pub deleted: bool,
}

/// An execution with everything the engine needs to continue it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredExecution {
    /// The execution.
    pub execution: Execution,
    /// The task runs in the order of their creation, each with its position in that order.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// The engine's own state of the execution. The store does not read it.
    pub notes: Json,
    /// The number of commits.
    pub version: u64,
}

/// An execution with the task runs that a reader may not have yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionSince {
    /// The execution.
    pub execution: Execution,
    /// The number of commits.
    pub version: u64,
    /// At least the task runs that were written after the version of the reader, in the order of their creation, each
    /// with its position in that order.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// The number of all task runs. A reader with another number after the merge has task runs that were removed.
    pub total: u64,
}

/// A change of one execution. It is written completely or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The new execution.
    pub execution: Execution,
    /// The time of the step, which is also the date of the KV values in this commit.
    pub now: Timestamp,
    /// The engine's own state of the execution.
    pub notes: Json,
    /// The version that the decision is based on.
    pub expected_version: u64,
    /// New and changed task runs, each with its position in the order of creation.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// Task runs to remove, after a restart.
    pub removed: Vec<TaskRunId>,
    /// Lines to add to the log.
    pub logs: Vec<LogEntry>,
    /// Changes of the KV store.
    pub kv: Vec<KvWrite>,
    /// Timers to set. A timer with the same key is replaced.
    pub timers: Vec<Timer>,
    /// Keys of timers to clear.
    pub cleared_timers: Vec<String>,
}

impl Commit {
    /// A commit on `expected_version` that writes the execution and nothing else.
    pub fn new(execution: Execution, expected_version: u64, now: Timestamp) -> Self {
        Self {
            execution,
            now,
            notes: Json::Null,
            expected_version,
            task_runs: Vec::new(),
            removed: Vec::new(),
            logs: Vec::new(),
            kv: Vec::new(),
            timers: Vec::new(),
            cleared_timers: Vec::new(),
        }
    }
}

/// A durable timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timer {
    /// The execution that the timer belongs to.
    pub execution_id: ExecutionId,
    /// Its name within the execution.
    pub key: String,
    /// The time the timer is due.
    pub due: Timestamp,
}

/// The answer to a request for a claim on an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The caller holds the claim until the lease ends.
    Granted {
        /// The number of deliveries that took the claim and never handed it back, including this delivery. It is 1 at
        /// first. It is higher if processes that held the claim died. [`StateStore::hand_back_claim`] resets the
        /// number.
        deliveries: u32,
    },
    /// Another holder has the claim.
    Held {
        /// The end of that holder's lease.
        until: Timestamp,
        /// True if the holder handed the claim back until then. Its work continues outside, and a message for it is on
        /// its way.
        handed_back: bool,
    },
    /// The attempt has ended. The caller may have to publish the result again.
    Finished(Box<TaskRunResult>),
    /// The attempt was revoked. Nobody may run it any more.
    Revoked,
}

/// The answer to a request for a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// The execution holds a permit and may run.
    Granted,
    /// Other executions hold all permits.
    Full,
}

/// Some lines of an execution's log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogEntry>,
    /// The position where the next page begins. Only the store knows its meaning.
    pub next: u64,
    /// Whether more lines may exist now.
    pub more: bool,
}

/// Flows, executions, task runs, claims, KV values, logs, timers and permits. Each method is atomic. Every
/// method can also return [`PortError::Unavailable`] if the store does not answer.
#[async_trait]
pub trait StateStore: ScheduleStore {
    /// Checks whether the store can be read and written, for a health check. The check is cheap enough to run
    /// every few seconds.
    ///
    /// By default, the check takes a permit and releases it. Both are writes, and readers see no change. The permit
    /// belongs to a flow that cannot exist, because its name contains a `/`.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] says what is wrong: the disk is full, the database is damaged, or the store
    /// does not answer.
    async fn check(&self, now: Timestamp) -> Result<(), PortError> {
        let (namespace, flow) = ("system", "health/check");
        let execution = ExecutionId::derive(&[namespace, flow]);
        self.take_permit(namespace, flow, 1, &execution, false, now).await?;
        self.release_permit(namespace, flow, &execution, now).await.map(|_| ())
    }

    /// Saves a flow as its next revision. Saving the same source again keeps the current revision.
    async fn put_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError>;

    /// Saves a flow as its next revision, if `expected` is its latest revision. So a change by somebody else is never
    /// overwritten unseen. Saving the source of the latest revision again keeps that revision, whatever is expected: a
    /// caller without an answer may try again.
    ///
    /// # Errors
    /// [`PortError::Conflict`] if the flow has another revision, or if it does not exist.
    async fn replace_flow(
        &self,
        namespace: &str,
        id: &str,
        source: &str,
        expected: u32,
        now: Timestamp,
    ) -> Result<StoredFlow, PortError>;

    /// A flow in the given revision, or in the latest. None if the flow does not exist or was deleted.
    async fn flow(
        &self,
        namespace: &str,
        id: &str,
        revision: Option<u32>,
    ) -> Result<Option<StoredFlow>, PortError>;

    /// The latest revision of each flow in a namespace, or in all namespaces.
    async fn flows(&self, namespace: Option<&str>) -> Result<Vec<StoredFlow>, PortError>;

    /// A number that changes when any flow is saved or deleted, for a cache of flows. None if the store has nothing
    /// cheaper than [`Self::flows`].
    async fn flows_mark(&self) -> Result<Option<u64>, PortError> {
        Ok(None)
    }

    /// The number of flows that are not deleted.
    async fn count_flows(&self) -> Result<u64, PortError> {
        Ok(self.flows(None).await?.len() as u64)
    }

    /// All revisions of a flow, oldest first, also those that record a deletion. Empty if the flow never
    /// existed.
    async fn flow_revisions(&self, namespace: &str, id: &str) -> Result<Vec<StoredFlow>, PortError>;

    /// Removes old revisions of a flow with their sources. Their numbers are never given to other revisions. The latest
    /// revision and revisions that do not exist are passed over. Returns the number of removed revisions.
    async fn delete_flow_revisions(
        &self,
        namespace: &str,
        id: &str,
        revisions: &[u32],
    ) -> Result<u64, PortError>;

    /// Deletes a flow by adding a revision that records the deletion. Returns false if the flow does not
    /// exist.
    async fn delete_flow(&self, namespace: &str, id: &str, now: Timestamp) -> Result<bool, PortError>;

    /// Writes a new execution. Returns false and changes nothing if the id exists.
    async fn create_execution(&self, execution: &Execution) -> Result<bool, PortError> {
        let new = StoredExecution {
            execution: execution.clone(),
            task_runs: Vec::new(),
            notes: Json::Null,
            version: 0,
        };
        self.create_execution_with(&new).await
    }

    /// Writes a new execution with its first task runs and engine state, for a replay. Writes everything or
    /// nothing. Returns false and changes nothing if the id exists. The version in `new` is ignored.
    async fn create_execution_with(&self, new: &StoredExecution) -> Result<bool, PortError>;

    /// An execution with its task runs. None if it does not exist.
    async fn execution(&self, id: &ExecutionId) -> Result<Option<StoredExecution>, PortError>;

    /// An execution with the task runs that were written after the version `since`, for a reader that has the others.
    /// None: all task runs. By default, all task runs are read.
    async fn execution_since(
        &self,
        id: &ExecutionId,
        since: Option<u64>,
    ) -> Result<Option<ExecutionSince>, PortError> {
        let _ = since;
        Ok(self.execution(id).await?.map(|stored| ExecutionSince {
            execution: stored.execution,
            version: stored.version,
            total: stored.task_runs.len() as u64,
            task_runs: stored.task_runs,
        }))
    }

    /// Executions without their task runs, newest first.
    async fn executions(&self, filter: &ExecutionFilter) -> Result<Vec<Execution>, PortError>;

    /// The newest executions of each of these flows without their task runs, at most `most` of a flow, newest first. One
    /// answer for each flow, in the same order. By default, one flow is searched after the other.
    async fn newest_executions(
        &self,
        flows: &[FlowName],
        most: u32,
    ) -> Result<Vec<Vec<Execution>>, PortError> {
        let mut found = Vec::new();
        for flow in flows {
            found.push(self.executions(&ExecutionFilter::newest_of(flow, most)).await?);
        }
        Ok(found)
    }

    /// The number of executions that match a filter. `limit` and `offset` are ignored.
    async fn count_executions(&self, filter: &ExecutionFilter) -> Result<u64, PortError>;

    /// How many executions began between each edge and the next one and have ended, by state and by class of length.
    /// Edges are quarters of an hour, in order. By default, each state of each period is counted, without lengths.
    async fn ended_executions(
        &self,
        filter: &EndedFilter,
        edges: &[Timestamp],
    ) -> Result<Vec<Ended>, PortError> {
        let mut counts = Vec::new();
        for (start, end) in edges.iter().zip(edges.iter().skip(1)) {
            let mut ended = Ended::default();
            for state in State::ALL.into_iter().filter(|state| state.is_terminal()) {
                let of = ExecutionFilter {
                    namespace: filter.namespace.clone(),
                    exact_namespace: filter.exact_namespace,
                    flow_id: filter.flow_id.clone(),
                    states: vec![state],
                    start: Some(*start),
                    end: end.checked_sub(SignedDuration::from_nanos(1)).ok(),
                    ..ExecutionFilter::default()
                };
                let count = self.count_executions(&of).await?;
                if count > 0 {
                    ended.states.insert(state, count);
                }
            }
            counts.push(ended);
        }
        Ok(counts)
    }

    /// Writes a change and returns the new version.
    ///
    /// # Errors
    /// [`PortError::Conflict`] if the stored version is not the expected one. Then nothing is changed.
    async fn commit(&self, commit: Commit) -> Result<u64, PortError>;

    /// Removes an execution with its task runs, logs, claims and timers. Returns false if it does not exist.
    async fn delete_execution(&self, id: &ExecutionId) -> Result<bool, PortError>;

    /// Claims an attempt for `holder` until `until`. The current holder may claim it again. An expired claim
    /// is given to the next caller.
    async fn claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError>;

    /// Claims an attempt like [`Self::claim`], also if `from` handed the claim back and its lease has not ended. Of
    /// several callers, one takes the claim over.
    async fn take_claim_over(
        &self,
        key: &AttemptKey,
        from: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, PortError>;

    /// Extends the lease of a claim. Returns false if the caller no longer holds the claim.
    async fn renew_claim(&self, key: &AttemptKey, holder: &str, until: Timestamp) -> Result<bool, PortError>;

    /// Ends a delivery that took a claim, without ending the attempt. The count of deliveries is reset. The
    /// claim stays with its holder until `until`; with a time in the past, the next caller gets it. Returns
    /// false if the caller no longer holds the claim.
    async fn hand_back_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        until: Timestamp,
    ) -> Result<bool, PortError>;

    /// Writes the result of an attempt with the rest of its log. Returns false and writes nothing if the
    /// caller no longer holds the claim.
    async fn finish_claim(
        &self,
        key: &AttemptKey,
        holder: &str,
        result: &TaskRunResult,
        logs: Vec<LogEntry>,
    ) -> Result<bool, PortError>;

    /// When workers began these attempts: the date of the first claim of each. None for an attempt that no worker has
    /// claimed. One answer for each attempt, in the same order. A claim that is handed back or taken over keeps its
    /// date. Only displays use this; what happens next never depends on it.
    async fn begun_attempts(&self, attempts: &[AttemptKey]) -> Result<Vec<Option<Timestamp>>, PortError>;

    /// Revokes attempts that are killed or have timed out, claimed or not. From then on `renew_claim` and
    /// `finish_claim` return false, and `claim` returns [`Claim::Revoked`]. An attempt that has ended keeps
    /// its result.
    async fn revoke_claims(&self, attempts: &[AttemptKey]) -> Result<(), PortError>;

    /// Adds lines to the logs of executions.
    async fn append_logs(&self, entries: Vec<LogEntry>) -> Result<(), PortError>;

    /// The lines of an execution's log at a level and above, oldest first. `after` is the number of lines to
    /// skip, so that a reader can follow the log.
    async fn logs(
        &self,
        execution: &ExecutionId,
        min_level: LogLevel,
        after: u64,
    ) -> Result<Vec<LogEntry>, PortError>;

    /// A page of an execution's log at a level and above: the next lines, oldest first, about `limit` of them. With
    /// pages, a long log need not fit into memory. `from` is 0, or [`LogPage::next`] of the last page of the same
    /// level. A store that has all lines in memory may return them at once.
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

    /// A part of an execution's log: about `limit` lines with their numbers, oldest first. By default the whole log is
    /// read.
    async fn log_lines(
        &self,
        execution: &ExecutionId,
        filter: &LineFilter,
        at: LinesAt,
        limit: u32,
    ) -> Result<Vec<NumberedLine>, PortError> {
        Ok(choose_lines(self.logs(execution, LogLevel::Trace, 0).await?, filter, at, limit))
    }

    /// How many lines of an execution's log match, and the numbers of the first `most` of them. By default the whole log
    /// is read.
    async fn log_index(
        &self,
        execution: &ExecutionId,
        filter: &LineFilter,
        most: u32,
    ) -> Result<LineIndex, PortError> {
        Ok(index_lines(self.logs(execution, LogLevel::Trace, 0).await?, filter, most))
    }

    /// A number that changes when an execution changes, for a follower that looks often. It is cheaper than
    /// [`Self::execution`]. None if the store has nothing cheaper, or if the execution does not exist.
    async fn execution_mark(&self, execution: &ExecutionId) -> Result<Option<u64>, PortError> {
        let _ = execution;
        Ok(None)
    }

    /// A number that changes when lines are added to the log of an execution. None if the store has nothing that is
    /// cheaper than [`Self::log_page`].
    async fn log_mark(&self, execution: &ExecutionId) -> Result<Option<u64>, PortError> {
        let _ = execution;
        Ok(None)
    }

    /// Lines from the logs of many executions.
    async fn search_logs(&self, filter: &LogFilter) -> Result<FoundLines, PortError>;

    /// Removes the log of an execution and returns the number of its lines.
    async fn delete_logs(&self, execution: &ExecutionId) -> Result<u64, PortError>;

    /// A KV value of exactly this namespace. None if it does not exist or has expired.
    async fn kv(&self, namespace: &str, key: &str, now: Timestamp) -> Result<Option<KvEntry>, PortError>;

    /// The namespaces with KV values, in order, without Segue's own ([`segue_model::is_own_namespace`]).
    async fn kv_namespaces(&self) -> Result<Vec<String>, PortError>;

    /// The KV values of exactly this namespace, in order of their keys.
    async fn kv_entries(&self, namespace: &str, now: Timestamp) -> Result<Vec<KvEntry>, PortError>;

    /// Changes the KV store.
    async fn write_kv(&self, writes: Vec<KvWrite>, now: Timestamp) -> Result<(), PortError>;

    /// All executions that have not ended, with the time of the last write of each. None: the store does not keep this
    /// time.
    async fn open_executions(&self) -> Result<Vec<(ExecutionId, Option<Timestamp>)>, PortError> {
        let filter = ExecutionFilter { states: State::open().collect(), ..ExecutionFilter::default() };
        let open = self.executions(&filter).await?;
        Ok(open.into_iter().map(|execution| (execution.id, None)).collect())
    }

    /// Sets timers outside a commit.
    async fn set_timers(&self, timers: Vec<Timer>) -> Result<(), PortError>;

    /// Corrects timers after the machine's clock went back to `now`. Timers that were set while the clock was
    /// ahead are moved earlier by the same amount, except timers of executions that start at a date. Returns
    /// the number of moved timers. A platform with a reliable clock does nothing and returns 0.
    async fn clock_went_back(&self, now: Timestamp) -> Result<u64, PortError> {
        let _ = now;
        Ok(0)
    }

    /// Timers that are due, earliest first, at most `limit`.
    async fn due_timers(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>, PortError>;

    /// A timer of an execution, by its key. None if it is not set.
    async fn timer(&self, execution: &ExecutionId, key: &str) -> Result<Option<Timer>, PortError>;

    /// The due time of the earliest timer. None if no timer is set.
    async fn next_timer(&self) -> Result<Option<Timestamp>, PortError>;

    /// Removes a timer if its due date is still the due date that was read. The caller publishes the timer's event
    /// first, so a crash between the two fires the timer twice and never loses it.
    async fn clear_timer(&self, timer: &Timer) -> Result<(), PortError>;

    /// Takes a permit of a flow for an execution. Executions get permits in the order of their requests, so a waiting
    /// execution with an earlier request goes first. Repeating a request changes nothing.
    async fn take_permit(
        &self,
        namespace: &str,
        flow_id: &str,
        limit: u32,
        execution: &ExecutionId,
        wait: bool,
        now: Timestamp,
    ) -> Result<Permit, PortError>;

    /// The number of executions that hold a permit of a flow.
    async fn held_permits(&self, namespace: &str, flow_id: &str) -> Result<u64, PortError>;

    /// Releases a permit, or leaves the queue. Returns the executions that hold a permit because of the release.
    async fn release_permit(
        &self,
        namespace: &str,
        flow_id: &str,
        execution: &ExecutionId,
        now: Timestamp,
    ) -> Result<Vec<ExecutionId>, PortError>;
}
