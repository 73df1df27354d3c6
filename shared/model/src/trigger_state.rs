//! The state of a trigger, stored between two evaluations (docs/kestra.md 5.1, 6.5). The flow has the definition of the
//! trigger.

use crate::Json;
use crate::id::ExecutionId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The key of a trigger: its flow, and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerKey {
    /// The flow's namespace.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The id of the trigger within the flow.
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
    /// The last slot that was evaluated. `None` if no slot was.
    pub date: Option<Timestamp>,
    /// The next slot. `None` if no slot follows, or the trigger waits for its execution.
    pub next_execution_date: Option<Timestamp>,
    /// Whether a request or `stopAfter` switched the trigger off. `disabled` in the flow is a separate switch.
    pub disabled: bool,
    /// The execution of the last slot. The next slot waits for its end. `None` if no slot has to wait.
    pub execution_id: Option<ExecutionId>,
    /// The parts of the definition that decide the slots (cron, time zone, dates). When they change, the schedule starts
    /// again from now.
    pub definition: String,
    /// Other data of the scheduler (windows of preconditions). Nobody else reads it.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub memo: Json,
    /// The time of the last change.
    pub updated_date: Timestamp,
}

impl TriggerState {
    /// Why the last look of a polling trigger failed. `None` if it did not, or if the trigger does not look.
    pub fn last_error(&self) -> Option<&str> {
        self.memo.get("error").and_then(Json::as_str)
    }
}
