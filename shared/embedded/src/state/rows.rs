//! An execution and a commit made ready for the database: values are turned into JSON on the caller's thread,
//! so that the writer does nothing but write.

use super::codec::{encode, nanos};
use crate::database::DbError;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::kv::KvWrite;
use segue_ports::state::{Commit, Timer};

/// An execution without its task runs.
pub(super) struct ExecutionRow {
    pub(super) id: ExecutionId,
    pub(super) namespace: String,
    pub(super) flow_id: String,
    pub(super) state: &'static str,
    pub(super) start: i64,
    /// The pairs as they are searched for.
    pub(super) pairs: Vec<(String, String)>,
    /// The same as JSON: shows whether they changed.
    pub(super) labels: String,
    pub(super) header: String,
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
        })
    }
}

/// A line of a log.
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

/// A level as a column that can be compared.
pub(super) fn severity(level: LogLevel) -> i64 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
    }
}

/// A commit.
pub(super) struct CommitRows {
    pub(super) execution: ExecutionRow,
    pub(super) notes: String,
    pub(super) expected_version: u64,
    /// Position, id, body.
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
            task_runs: commit
                .task_runs
                .into_iter()
                .map(|(position, task_run)| {
                    let body = encode(&task_run)?;
                    Ok((position, task_run.id, body))
                })
                .collect::<Result<_, DbError>>()?,
            removed: commit.removed,
            logs: LogRow::all(&commit.logs)?,
            kv: commit.kv,
            timers: commit.timers,
            cleared_timers: commit.cleared_timers,
        })
    }
}
