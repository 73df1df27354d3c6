//! Live changes of several things in one stream.

use crate::{Execution, LogEntry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of one topic. It holds an execution, or lines of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicEvent {
    /// The topic as the request names it, without a position: `execution:ID` or `log:ID`.
    pub topic: String,
    /// The position of the topic after this event. A client that comes back names the topic as `TOPIC@POSITION`, and
    /// gets what follows. A client ignores an event with a position that is not after its own.
    pub position: u64,
    /// The execution with its task runs. Absent for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// Lines that follow the last position, oldest first. Absent for executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LogEntry>>,
    /// Whether nothing more comes on this topic, because the execution has ended.
    pub is_last: bool,
}
