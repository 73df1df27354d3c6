//! The scheduler's data about a trigger in addition to its slots: the memo of its state.

use jiff::Timestamp;
use segue_engine::schedule::flow_trigger::Windows;
use segue_model::Json;
use segue_model::id::ExecutionId;
use segue_model::log::LogEntry;
use segue_model::trigger_state::TriggerState;
use segue_ports::wire::Find;
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
    /// The look of a polling trigger that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) look: Option<ExecutionId>,
    /// The find of that look, until its execution was created. A second result of the same look is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<Found>,
    /// The number of finds of a polling trigger.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) finds: u64,
    /// What a polling trigger remembers of its looks. Its type wrote this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<String>,
    /// Why the last look of a polling trigger failed. None if it did not. [`TriggerState::last_error`] reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A find that an execution is to be created for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    /// What the look found.
    pub(crate) find: Find,
    /// The last lines of the look's log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) log: Vec<LogEntry>,
}

impl Memo {
    /// The memo of a state. Empty if the state has none.
    pub(crate) fn from_state(state: &TriggerState) -> Self {
        serde_json::from_value(state.memo.clone()).unwrap_or_default()
    }

    /// What is left of the memo when the trigger's definition changes. A find that was accepted is not lost.
    pub(crate) fn for_new_definition(self) -> Self {
        let look = self.look.clone().filter(|_| self.found.is_some());
        let Self { stopped_by, memory, found, finds, .. } = self;
        Self { stopped_by, memory, look, found, finds, ..Self::default() }
    }

    /// The memo in the format of the state.
    pub(crate) fn json(&self) -> Json {
        if *self == Self::default() {
            return Json::Null;
        }
        serde_json::to_value(self).unwrap_or_default()
    }
}
