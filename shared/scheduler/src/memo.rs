//! What the scheduler keeps of a trigger besides its slots: the memo of its state.

use jiff::Timestamp;
use segue_engine::schedule::flow_trigger::Windows;
use segue_model::Json;
use segue_model::id::ExecutionId;
use segue_model::trigger_state::TriggerState;
use serde::{Deserialize, Serialize};

/// What the scheduler keeps of a trigger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Memo {
    /// Where a trigger that is switched off would go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resume: Option<Timestamp>,
    /// The execution whose end switched it off: told of twice, it does not do so again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stopped_by: Option<ExecutionId>,
    /// The windows of a Flow trigger.
    #[serde(skip_serializing_if = "Windows::is_empty")]
    pub(crate) windows: Windows,
}

impl Memo {
    /// The memo of a state; an empty one where it has none.
    pub(crate) fn from_state(state: &TriggerState) -> Self {
        serde_json::from_value(state.memo.clone()).unwrap_or_default()
    }

    /// As the state keeps it.
    pub(crate) fn json(&self) -> Json {
        if *self == Self::default() {
            return Json::Null;
        }
        serde_json::to_value(self).unwrap_or_default()
    }
}
