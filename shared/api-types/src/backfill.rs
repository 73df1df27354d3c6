//! Backfills (docs/backfills.md).

pub use segue_model::backfill::BackfillRequest;

use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::Map;
use segue_model::backfill::{self as model, BackfillMode, BackfillState};
use segue_model::label::Label;
use segue_model::state::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A backfill. The record is kept after the end of the backfill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backfill {
    /// The id.
    pub id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The id of the schedule.
    pub trigger_id: String,
    /// The earliest date a fire time may have, inclusive.
    pub start: Timestamp,
    /// The latest date a fire time may have, inclusive.
    pub end: Timestamp,
    /// Inputs of the executions, in place of those of the schedule.
    #[serde(default)]
    pub inputs: Map,
    /// Labels of the executions.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Which fire times run.
    pub mode: BackfillMode,
    /// How many executions may be open at once.
    #[serde(default)]
    pub max_active: u32,
    /// The state of the backfill.
    pub state: BackfillState,
    /// Why the backfill was refused. Absent for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many fire times are between start and end.
    pub total: u64,
    /// The fire time that comes next; null if there is none.
    pub next: Option<Timestamp>,
    /// The fire times with an execution that has not ended.
    #[serde(default)]
    pub active: Vec<ActiveSlot>,
    /// How many executions ended in which state. `SKIPPED` counts the fire times that were passed over.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u64>")]
    pub ended: BTreeMap<State, u64>,
    /// The date on which the backfill was made.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub created: Option<Timestamp>,
    /// The date of the last change.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub updated: Option<Timestamp>,
}

/// A fire time with an execution that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveSlot {
    /// The fire time.
    pub date: Timestamp,
    /// The execution.
    pub execution_id: String,
}

/// The fire times of a backfill, and which of them it would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackfillPreview {
    /// Every fire time between start and end, in order.
    #[serde(default)]
    pub slots: Vec<PreviewSlot>,
    /// How many of them would be run.
    #[serde(default)]
    pub total: u64,
    /// The time zone of the schedule.
    #[serde(default)]
    pub timezone: String,
}

/// A fire time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewSlot {
    /// The fire time.
    pub date: Timestamp,
    /// Whether the backfill would run it.
    #[serde(default)]
    pub run: bool,
    /// The latest execution that stands for the fire time. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<PreviewExecution>,
}

/// The execution that stands for a fire time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewExecution {
    /// The id.
    pub id: String,
    /// The state.
    pub state: State,
}

impl From<model::Backfill> for Backfill {
    fn from(backfill: model::Backfill) -> Self {
        let active = |slot: model::ActiveSlot| ActiveSlot {
            date: slot.date,
            execution_id: slot.execution_id.to_string(),
        };
        Self {
            id: backfill.id,
            namespace: backfill.trigger.namespace,
            flow_id: backfill.trigger.flow_id,
            trigger_id: backfill.trigger.trigger_id,
            start: backfill.start,
            end: backfill.end,
            inputs: backfill.inputs,
            labels: backfill.labels,
            mode: backfill.mode,
            max_active: backfill.max_active,
            state: backfill.state,
            message: backfill.message,
            total: backfill.total,
            next: backfill.next,
            active: backfill.active.into_iter().map(active).collect(),
            ended: backfill.ended,
            created: Some(backfill.created),
            updated: Some(backfill.updated),
        }
    }
}
