//! Backfills: the slots of a schedule between two dates, run together (docs/backfills.md).

use crate::id::ExecutionId;
use crate::label::Label;
use crate::state::State;
use crate::trigger_state::TriggerKey;
use crate::{Json, Map};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A request for a backfill. As JSON, this is the body of a message to the backfill topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackfillRequest {
    /// The id. If a request is sent twice with the same id, there is one backfill. None: the id is derived from the
    /// request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The id of the Schedule trigger. None: the flow's only Schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_id: Option<String>,
    /// The begin of the range, inclusive: an instant, or a date in the schedule's time zone.
    pub start: String,
    /// The end of the range, inclusive: an instant, or a date, which counts to its last slot. None: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Inputs of the executions. They replace inputs of the trigger with the same names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map,
    /// Labels of the executions, in addition to those of the trigger.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::label::from_any")]
    #[schemars(with = "Json")]
    pub labels: Vec<Label>,
    /// Selects the slots that are run. The default is `ALL`.
    #[serde(default)]
    pub mode: BackfillMode,
    /// The largest number of open executions, at least 1. The flow's own limit also applies.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub max_active: u32,
}

fn one() -> u32 {
    1
}

/// Which slots a backfill runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackfillMode {
    /// Slots without an execution.
    #[serde(alias = "missing")]
    Missing,
    /// Slots with a latest execution that ended FAILED, KILLED or CANCELLED, and slots without an execution.
    #[serde(alias = "failed")]
    Failed,
    /// All slots.
    #[default]
    #[serde(alias = "all")]
    All,
}

/// The state of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackfillState {
    /// Executions are created for the slots.
    Running,
    /// No more executions are created until a person resumes the backfill. Running executions continue.
    Paused,
    /// The executions of all slots have ended.
    Finished,
    /// A person ended the backfill before its last slot.
    Cancelled,
    /// The request came in a message and was invalid. No execution was created.
    Refused,
}

impl BackfillState {
    /// Whether the state is final.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Refused)
    }

    /// The state's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Finished => "FINISHED",
            Self::Cancelled => "CANCELLED",
            Self::Refused => "REFUSED",
        }
    }
}

/// A backfill. The record is kept after the backfill has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backfill {
    /// The id.
    pub id: String,
    /// The trigger that has the slots.
    #[serde(flatten)]
    pub trigger: TriggerKey,
    /// The begin of the range, inclusive.
    pub start: Timestamp,
    /// The end of the range, inclusive.
    pub end: Timestamp,
    /// Inputs of the executions. They replace inputs of the trigger with the same names.
    pub inputs: Map,
    /// Labels of the executions, in addition to those of the trigger.
    pub labels: Vec<Label>,
    /// Selects the slots that are run.
    pub mode: BackfillMode,
    /// The largest number of open executions.
    pub max_active: u32,
    /// The state.
    pub state: BackfillState,
    /// Why the request was refused. None if it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of slots to run. Slots that the mode leaves out do not count.
    pub total: u64,
    /// The first slot without an execution. None if every slot was handled.
    pub next: Option<Timestamp>,
    /// The open executions, with their slots.
    pub active: Vec<ActiveSlot>,
    /// The number of slots by the final state of their executions. SKIPPED counts slots without an execution.
    pub ended: BTreeMap<State, u64>,
    /// The time of the request.
    pub created: Timestamp,
    /// The time of the last change.
    pub updated: Timestamp,
}

/// A slot with an open execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveSlot {
    /// The slot.
    pub date: Timestamp,
    /// The id of the execution.
    pub execution_id: ExecutionId,
}
