//! Live changes of several executions and logs in one stream.

use crate::{ExecutionHead, LogEntry, TaskRun};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of one topic: an execution, or new lines of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicEvent {
    /// The topic as the request names it, without a position: `execution:ID` or `log:ID`.
    pub topic: String,
    /// The position of the topic after this event. To continue after a lost connection, a client requests
    /// `TOPIC@POSITION` and gets all later events. A client ignores events up to its own position.
    pub position: u64,
    /// The execution without its task runs. Absent for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<ExecutionHead>,
    /// The task runs that have changed since the last position, without their outputs. Absent for logs, and if a client
    /// must read the task runs that it shows again: it has no position, or many have changed, or some were removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_runs: Option<Vec<TaskRun>>,
    /// Whether workers have begun task runs. Such an event can have the position of the event before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_begun: bool,
    /// The log lines after the last position, oldest first. Absent for executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LogEntry>>,
    /// Whether this is the last event of the topic, because the execution has ended.
    pub is_last: bool,
}
