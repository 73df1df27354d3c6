//! What is kept of a trigger between two looks at it (docs/kestra.md 5.1, 6.5). The definition is in the flow;
//! this is its state.

use crate::Json;
use crate::id::ExecutionId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which trigger of which flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerKey {
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The trigger within the flow.
    pub trigger_id: String,
}

impl TriggerKey {
    /// The key of a trigger.
    pub fn new(
        namespace: impl Into<String>,
        flow_id: impl Into<String>,
        trigger_id: impl Into<String>,
    ) -> Self {
        Self { namespace: namespace.into(), flow_id: flow_id.into(), trigger_id: trigger_id.into() }
    }
}

impl fmt::Display for TriggerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.namespace, self.flow_id, self.trigger_id)
    }
}

/// The state of a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerState {
    /// The trigger.
    #[serde(flatten)]
    pub key: TriggerKey,
    /// The slot looked at last.
    pub date: Option<Timestamp>,
    /// The next slot; none while there is nothing to wait for.
    pub next_execution_date: Option<Timestamp>,
    /// Switched off from outside, or by `stopAfter`; apart from `disabled` in the flow.
    pub disabled: bool,
    /// The execution that holds the trigger: the next slot waits for its end.
    pub execution_id: Option<ExecutionId>,
    /// The parts of the definition that decide the slots (cron, time zone, dates). When they change, the schedule starts
    /// again from now.
    pub definition: String,
    /// Other data of the scheduler (windows of preconditions). Nobody else reads it.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub memo: Json,
    /// When it was last changed.
    pub updated_date: Timestamp,
}
