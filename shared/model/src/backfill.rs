//! Backfills: the slots of a schedule between two dates, run as one undertaking (acceptance row 42).

use crate::id::ExecutionId;
use crate::label::Label;
use crate::state::State;
use crate::trigger_state::TriggerKey;
use crate::{Json, Map};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a backfill is asked for with; the body of a message to the backfill topic is this as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackfillRequest {
    /// Its id, where the caller wants a request sent twice to be one; else it follows from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The Schedule; may be left out where the flow has one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_id: Option<String>,
    /// The first slot is this, or the next after it: an instant, or a date in the schedule's time zone.
    pub start: String,
    /// The last slot is this, or the one before: an instant, or a date, which is meant to its end; now when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Laid over the trigger's inputs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map,
    /// Labels of the executions, in addition to those of the trigger.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::label::from_any")]
    #[schemars(with = "Json")]
    pub labels: Vec<Label>,
    /// Which of the slots are run.
    #[serde(default)]
    pub mode: BackfillMode,
    /// How many of its executions may be open at once, at least 1. The flow's own limit also applies.
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
    /// All.
    #[default]
    #[serde(alias = "all")]
    All,
}

/// Where a backfill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackfillState {
    /// Its slots are run.
    Running,
    /// No more executions are made until it goes on; those that run, run on.
    Paused,
    /// All its slots were run and have ended.
    Finished,
    /// It was ended before its last slot.
    Cancelled,
    /// It was asked for by a message that asks for something that cannot be.
    Refused,
}

impl BackfillState {
    /// Whether nothing comes of it any more.
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

/// A backfill: a record of its own, kept after its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backfill {
    /// Its id.
    pub id: String,
    /// The trigger that has the slots.
    #[serde(flatten)]
    pub trigger: TriggerKey,
    /// Slots from this on, inclusive.
    pub start: Timestamp,
    /// Slots up to this, inclusive.
    pub end: Timestamp,
    /// Laid over the trigger's inputs.
    pub inputs: Map,
    /// Labels of the executions, in addition to those of the trigger.
    pub labels: Vec<Label>,
    /// Which of the slots are run.
    pub mode: BackfillMode,
    /// How many of its executions may be open at once.
    pub max_active: u32,
    /// Where it stands.
    pub state: BackfillState,
    /// Why, when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many slots it has, those its mode passes over left out.
    pub total: u64,
    /// Slots before this are dealt with; none when all are.
    pub next: Option<Timestamp>,
    /// Its executions that have not ended, with their slots.
    pub active: Vec<ActiveSlot>,
    /// How many slots ended in which state, and how many were passed over (SKIPPED).
    pub ended: BTreeMap<State, u64>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A slot with an execution that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveSlot {
    /// The slot.
    pub date: Timestamp,
    /// Its execution.
    pub execution_id: ExecutionId,
}
