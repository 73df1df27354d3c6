//! Which executions, and which lines of logs, a search in the state store finds.

use jiff::Timestamp;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use serde::{Deserialize, Serialize};

/// Names a flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FlowName {
    /// The namespace.
    pub namespace: String,
    /// The id.
    pub id: String,
}

/// Selects executions. An absent field selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// This namespace and the namespaces below it.
    pub namespace: Option<String>,
    /// Excludes the namespaces below `namespace`.
    pub exact_namespace: bool,
    /// This flow.
    pub flow_id: Option<String>,
    /// One of these states.
    pub states: Vec<State>,
    /// All of these labels.
    pub labels: Vec<(String, String)>,
    /// Started at this time or later.
    pub start: Option<Timestamp>,
    /// Started at this time or earlier.
    pub end: Option<Timestamp>,
    /// Started by the trigger with this id. `flow_id` must be set too.
    pub trigger_id: Option<String>,
    /// Started for a slot between these times, both included. `flow_id` and `trigger_id` must be set too.
    pub slots: Option<(Timestamp, Timestamp)>,
    /// Started by this execution, as a subflow or through a Flow trigger.
    pub triggered_by: Option<ExecutionId>,
    /// The oldest executions come first, by their start. Otherwise the newest.
    pub oldest_first: bool,
    /// The largest number of results. 0: no limit.
    pub limit: u32,
    /// The number of results to skip.
    pub offset: u32,
}

impl ExecutionFilter {
    /// The newest executions of a flow, at most `most`.
    pub fn newest_of(flow: &FlowName, most: u32) -> Self {
        Self {
            namespace: Some(flow.namespace.clone()),
            exact_namespace: true,
            flow_id: Some(flow.id.clone()),
            limit: most,
            ..Self::default()
        }
    }
}

/// Selects lines in the logs of many executions. An absent field selects all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    /// This namespace and the namespaces below it.
    pub namespace: Option<String>,
    /// This flow.
    pub flow_id: Option<String>,
    /// Lines of this level and above.
    pub min_level: LogLevel,
    /// Written at this time or later.
    pub start: Option<Timestamp>,
    /// Written at this time or earlier.
    pub end: Option<Timestamp>,
    /// Lines with this text in the message. Upper and lower case are the same.
    pub text: Option<String>,
    /// Lines of executions that the trigger with this id started.
    pub trigger_id: Option<String>,
    /// Lines of the tasks with this id.
    pub task_id: Option<String>,
    /// Lines of executions with all of these labels.
    pub labels: Vec<(String, String)>,
    /// Whether the moments of all counted lines are wanted.
    pub moments: bool,
    /// The largest number of results, from the newest executions first. 0: no limit.
    pub limit: u32,
    /// The number of results to skip.
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
            task_id: None,
            labels: Vec::new(),
            moments: false,
            limit: 0,
            offset: 0,
        }
    }
}
