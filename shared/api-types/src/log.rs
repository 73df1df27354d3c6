//! Logs (docs/kestra.md 6.4).

use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::log::{self as model, LogLevel};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of the log of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The id of the execution.
    pub execution_id: String,
    /// The id of the task. Absent for lines of the execution itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The id of the task run. Absent for lines of the execution itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_run_id: Option<String>,
    /// The attempt, from 0. Absent for lines of the execution itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    /// The date on which the line was written.
    pub timestamp: Timestamp,
    /// The log level.
    pub level: LogLevel,
    /// The text. It can have several lines.
    pub message: String,
}

/// A line that a search over the logs of many executions found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundLine {
    /// The line.
    #[serde(flatten)]
    pub line: LogEntry,
    /// The number of the line in the log of its execution, from 1. It never changes.
    #[serde(default)]
    pub number: u64,
}

/// A line of the log of an execution with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberedLine {
    /// The number of the line in the log, from 1. It never changes.
    pub number: u64,
    /// The line.
    pub line: LogEntry,
}

/// How many lines of a log match a search, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogIndex {
    /// The number of all lines of the log.
    pub total: u64,
    /// The number of lines that match.
    pub found: u64,
    /// The numbers of the first lines that match, in order. At most 10,000.
    pub numbers: Vec<u64>,
}

/// One page of log lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogsPage {
    /// The lines of this page.
    pub results: Vec<FoundLine>,
    /// The number of lines on all pages, counted up to 10,000.
    pub total: u64,
    /// How pages are counted.
    #[serde(rename = "type", default)]
    pub kind: PaginationType,
    /// Where the next page begins, for clients of Kestra 2. Always null, because pages are counted by their numbers.
    #[serde(rename = "nextCursor", default)]
    pub next_cursor: Option<String>,
    /// The lines by time and level. Absent unless the request asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<LogHistogram>,
}

/// Lines by time and level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogHistogram {
    /// The periods, oldest first. All are of the same length, and there are at most 60.
    pub periods: Vec<LogPeriod>,
    /// Whether all matching lines are counted. Otherwise only the newest 10,000 are.
    pub complete: bool,
}

/// The lines that were written in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogPeriod {
    /// The start of the period.
    pub from: Timestamp,
    /// The end of the period, exclusive.
    pub to: Timestamp,
    /// The number of lines by level. Levels without lines are left out.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub levels: BTreeMap<LogLevel, u64>,
}

/// How the pages of a list are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PaginationType {
    /// By their numbers.
    #[default]
    Offset,
}

impl From<&model::LogEntry> for LogEntry {
    fn from(line: &model::LogEntry) -> Self {
        Self {
            namespace: line.namespace.clone(),
            flow_id: line.flow_id.clone(),
            execution_id: line.execution_id.to_string(),
            task_id: line.task_id.clone(),
            task_run_id: line.task_run_id.as_ref().map(ToString::to_string),
            attempt_number: line.attempt_number,
            timestamp: line.timestamp,
            level: line.level,
            message: line.message.clone(),
        }
    }
}

impl From<LogEntry> for model::LogEntry {
    fn from(line: LogEntry) -> Self {
        Self {
            namespace: line.namespace,
            flow_id: line.flow_id,
            execution_id: line.execution_id.into(),
            task_id: line.task_id,
            task_run_id: line.task_run_id.map(Into::into),
            attempt_number: line.attempt_number,
            timestamp: line.timestamp,
            level: line.level,
            message: line.message,
        }
    }
}
