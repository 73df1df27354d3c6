//! Log entries (docs/kestra.md 2.2).

use crate::execution::Execution;
use crate::id::{ExecutionId, TaskRunId};
use crate::task_run::TaskRun;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How serious a log line is; the order is that of seriousness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Finest.
    Trace,
    /// For who looks into a fault.
    Debug,
    /// What goes on.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
}

impl LogLevel {
    /// The level of that name, case not minded.
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

/// One line of an execution's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The task that logged, none for the execution's own lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The task run that logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_run_id: Option<TaskRunId>,
    /// Which attempt, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    /// When.
    pub timestamp: Timestamp,
    /// How serious.
    pub level: LogLevel,
    /// The text, secrets already masked.
    pub message: String,
}

impl LogEntry {
    /// A line of an execution's own log, of no task.
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

    /// The same line as a line of a task run, in its attempt that runs or is next.
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
