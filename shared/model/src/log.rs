//! Log entries (docs/kestra.md 2.2).

use crate::execution::Execution;
use crate::id::{ExecutionId, TaskRunId};
use crate::task_run::TaskRun;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The level of a log line. The order goes from the least to the most serious level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Details for the deepest look at a problem.
    Trace,
    /// Details for people who look for the cause of a problem.
    Debug,
    /// The normal course of an execution.
    Info,
    /// Something that a person should look at.
    Warn,
    /// A failure.
    Error,
}

impl LogLevel {
    /// The level with this name, in upper or lower case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "TRACE" => Some(Self::Trace),
            "DEBUG" => Some(Self::Debug),
            "INFO" => Some(Self::Info),
            "WARN" | "WARNING" => Some(Self::Warn),
            "ERROR" => Some(Self::Error),
            _ => None,
        }
    }

    /// The level's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// A line of an execution's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The task that wrote the line; `None` for a line of the execution itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The task run that wrote the line; `None` for a line of the execution itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_run_id: Option<TaskRunId>,
    /// The number of the attempt, from 0; `None` for a line of the execution itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    /// When the line was written.
    pub timestamp: Timestamp,
    /// The level of the line.
    pub level: LogLevel,
    /// The text. Secrets are already masked.
    pub message: String,
}

impl LogEntry {
    /// A line of the execution itself, without a task.
    pub fn of_execution(
        execution: &Execution,
        level: LogLevel,
        timestamp: Timestamp,
        message: String,
    ) -> Self {
        Self {
            namespace: execution.namespace.clone(),
            flow_id: execution.flow_id.clone(),
            execution_id: execution.id.clone(),
            task_id: None,
            task_run_id: None,
            attempt_number: None,
            timestamp,
            level,
            message,
        }
    }

    /// The same line as a line of a task run. Its attempt is the one that runs or comes next.
    #[must_use]
    pub fn of_task_run(self, run: &TaskRun) -> Self {
        Self {
            task_id: Some(run.task_id.clone()),
            task_run_id: Some(run.id.clone()),
            attempt_number: Some(run.ended_attempts()),
            ..self
        }
    }
}
