//! The scheduler's data about a trigger in addition to its slots: the memo of its state.

use jiff::Timestamp;
use segue_engine::schedule::flow_trigger::Windows;
use segue_model::Json;
use segue_model::id::ExecutionId;
use segue_model::trigger_state::TriggerState;
use serde::{Deserialize, Serialize};

/// The scheduler's data about a trigger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Memo {
    /// The slot at which a disabled trigger would continue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resume: Option<Timestamp>,
    /// The execution with the end that disabled the trigger. A repeated report of this end does not disable
    /// it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stopped_by: Option<ExecutionId>,
    /// A job of the platform ticks the trigger. False: a delayed message ticks it, or a process that watches it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) job: bool,
    /// The windows of a Flow trigger.
    #[serde(skip_serializing_if = "Windows::is_empty")]
    pub(crate) windows: Windows,
}

impl Memo {
    /// The memo of a state. Empty if the state has none.
    pub(crate) fn from_state(state: &TriggerState) -> Self {
        serde_json::from_value(state.memo.clone()).unwrap_or_default()
    }

    /// The memo in the format of the state.
    pub(crate) fn json(&self) -> Json {
        if *self == Self::default() {
            return Json::Null;
        }
        serde_json::to_value(self).unwrap_or_default()
    }
}
