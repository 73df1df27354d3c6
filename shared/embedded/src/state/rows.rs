//! Prepares executions and commits for the database. The thread of the caller converts values to JSON, so the writer
//! thread only writes.

use super::codec::{encode, nanos};
use super::ended::Place;
use crate::database::DbError;
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::task_run::TaskRun;
use segue_ports::kv::KvWrite;
use segue_ports::state::{Commit, StoredExecution, Timer};

/// An execution without its task runs.
pub(super) struct ExecutionRow {
    pub(super) id: ExecutionId,
    pub(super) namespace: String,
    pub(super) flow_id: String,
    pub(super) state: &'static str,
    pub(super) start: i64,
    /// The labels as pairs of key and value, for searches.
    pub(super) pairs: Vec<(String, String)>,
    /// The labels as JSON. A commit compares them with the stored labels.
    pub(super) labels: String,
    pub(super) header: String,
    pub(super) trigger_id: Option<String>,
    pub(super) slot: Option<i64>,
    pub(super) fired_by: Option<String>,
    /// Where it is counted. `None` if it has not ended.
    pub(super) ended: Option<Place>,
}

impl ExecutionRow {
    pub(super) fn new(execution: &Execution) -> Result<Self, DbError> {
        Ok(Self {
            id: execution.id.clone(),
            namespace: execution.namespace.clone(),
            flow_id: execution.flow_id.clone(),
            state: execution.state.current().as_str(),
            start: nanos(execution.state.start_date()),
            pairs: execution.labels.iter().map(|label| (label.key.clone(), label.value.clone())).collect(),
            labels: encode(&execution.labels)?,
            header: encode(execution)?,
            trigger_id: execution.trigger.as_ref().map(|trigger| trigger.id.clone()),
            slot: execution.trigger.as_ref().and_then(|trigger| trigger.slot).map(nanos),
            fired_by: execution.trigger.as_ref().and_then(fired_by),
            ended: Place::of(execution),
        })
    }
}

/// The id of the execution that started this execution, as a subflow or by a flow trigger. `None` for other triggers.
fn fired_by(trigger: &ExecutionTrigger) -> Option<String> {
    trigger.variables.get("executionId").and_then(|id| id.as_str()).map(str::to_owned)
}

/// A log line with the columns that searches need.
pub(super) struct LogRow {
    pub(super) execution: ExecutionId,
    pub(super) level: i64,
    pub(super) body: String,
}

impl LogRow {
    pub(super) fn all(entries: &[LogEntry]) -> Result<Vec<Self>, DbError> {
        entries
            .iter()
            .map(|entry| {
                Ok(Self {
                    execution: entry.execution_id.clone(),
                    level: severity(entry.level),
                    body: encode(entry)?,
                })
            })
            .collect()
    }
}

/// A log level as a column that can be compared.
pub(super) fn severity(level: LogLevel) -> i64 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
    }
}

/// The log level in a column.
pub(super) fn level(severity: i64) -> LogLevel {
    match severity {
        ..=0 => LogLevel::Trace,
        1 => LogLevel::Debug,
        2 => LogLevel::Info,
        3 => LogLevel::Warn,
        4.. => LogLevel::Error,
    }
}

/// The rows of task runs: position, id and JSON.
fn task_runs(task_runs: &[(u64, TaskRun)]) -> Result<Vec<(u64, TaskRunId, String)>, DbError> {
    task_runs
        .iter()
        .map(|(position, task_run)| Ok((*position, task_run.id.clone(), encode(task_run)?)))
        .collect()
}

/// A new execution with its first task runs and log lines.
pub(super) struct NewRows {
    pub(super) execution: ExecutionRow,
    pub(super) notes: String,
    /// Position, id and JSON of each task run.
    pub(super) task_runs: Vec<(u64, TaskRunId, String)>,
}

impl NewRows {
    pub(super) fn new(new: &StoredExecution) -> Result<Self, DbError> {
        Ok(Self {
            execution: ExecutionRow::new(&new.execution)?,
            notes: encode(&new.notes)?,
            task_runs: task_runs(&new.task_runs)?,
        })
    }
}

/// A commit of an execution.
pub(super) struct CommitRows {
    pub(super) execution: ExecutionRow,
    pub(super) notes: String,
    pub(super) expected_version: u64,
    /// Position, id and JSON of each changed task run.
    pub(super) task_runs: Vec<(u64, TaskRunId, String)>,
    pub(super) removed: Vec<TaskRunId>,
    pub(super) logs: Vec<LogRow>,
    pub(super) kv: Vec<KvWrite>,
    pub(super) timers: Vec<Timer>,
    pub(super) cleared_timers: Vec<String>,
}

impl CommitRows {
    pub(super) fn new(commit: Commit) -> Result<Self, DbError> {
        Ok(Self {
            execution: ExecutionRow::new(&commit.execution)?,
            notes: encode(&commit.notes)?,
            expected_version: commit.expected_version,
            task_runs: task_runs(&commit.task_runs)?,
            removed: commit.removed,
            logs: LogRow::all(&commit.logs)?,
            kv: commit.kv,
            timers: commit.timers,
            cleared_timers: commit.cleared_timers,
        })
    }
}
