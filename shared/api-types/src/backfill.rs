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
    /// The start of the period, inclusive.
    pub start: Timestamp,
    /// The end of the period, inclusive.
    pub end: Timestamp,
    /// Inputs of the executions. They replace inputs of the schedule with the same names.
    #[serde(default)]
    pub inputs: Map,
    /// Labels of the executions, in addition to the labels of the schedule.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Selects the fire times that are run.
    pub mode: BackfillMode,
    /// The largest number of executions that have not ended.
    #[serde(default)]
    pub max_active: u32,
    /// The state of the backfill.
    pub state: BackfillState,
    /// The reason why the backfill was refused. Absent if it was not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of fire times to run. In the state FINISHED, the sum of the counts in `ended`.
    pub total: u64,
    /// The next fire time. Null if there is none.
    pub next: Option<Timestamp>,
    /// The fire times with an execution that has not ended.
    #[serde(default)]
    pub active: Vec<ActiveSlot>,
    /// The number of ended executions by state. `SKIPPED` counts the fire times that were not run.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u64>")]
    pub ended: BTreeMap<State, u64>,
    /// The creation date.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub created: Option<Timestamp>,
    /// The date of the last change.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub updated: Option<Timestamp>,
}

/// A fire time of a backfill with an execution that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveSlot {
    /// The fire time.
    pub date: Timestamp,
    /// The id of the execution.
    pub execution_id: String,
}

/// The fire times of a backfill, without running the backfill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackfillPreview {
    /// Every fire time between start and end, in order.
    #[serde(default)]
    pub slots: Vec<PreviewSlot>,
    /// The same in periods, if there are more fire times than the request wants to see. Then `slots` is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<PreviewPeriod>,
    /// The number of fire times between start and end.
    #[serde(default)]
    pub count: u64,
    /// The number of fire times without an execution.
    #[serde(default)]
    pub missing: u64,
    /// The number of fire times with a latest execution that failed, was killed or was cancelled.
    #[serde(default)]
    pub failed: u64,
    /// The number of fire times that the backfill would run.
    #[serde(default)]
    pub total: u64,
    /// The time zone of the schedule.
    #[serde(default)]
    pub timezone: String,
}

/// The fire times of a day or a month in the time zone of the schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewPeriod {
    /// The first fire time.
    pub from: Timestamp,
    /// The last fire time.
    pub to: Timestamp,
    /// The number of fire times.
    pub count: u64,
    /// The number of fire times that the backfill would run.
    pub runs: u64,
    /// The number of latest executions by state.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub states: BTreeMap<State, u64>,
}

/// A fire time in the preview of a backfill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewSlot {
    /// The fire time.
    pub date: Timestamp,
    /// Whether the backfill would run the fire time.
    #[serde(default)]
    pub run: bool,
    /// The latest execution for the fire time. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<PreviewExecution>,
}

/// The latest execution for a fire time.
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
