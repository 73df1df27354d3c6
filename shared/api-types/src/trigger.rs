//! Triggers with their states and backfills (docs/kestra.md 6.5).

use crate::TENANT;
use crate::lenient::take;
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::backfill::{self, BackfillState};
use segue_model::label::Label;
use segue_model::trigger_state::{self, TriggerState};
use segue_model::{Json, Map};
use serde::{Deserialize, Serialize};

/// The state of a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The tenant, always `main`.
    #[serde(default)]
    pub tenant_id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The id of the trigger.
    pub trigger_id: String,
    /// The last fire time. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// The next fire time. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_execution_date: Option<Timestamp>,
    /// Whether a request disabled the trigger.
    #[serde(default)]
    pub disabled: bool,
    /// The execution that blocks the trigger. The trigger starts its next execution after the end of this execution.
    /// Absent if no execution blocks the trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// Why the last look of a polling trigger failed. Absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The date of the last change.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub updated_date: Option<Timestamp>,
    /// The oldest backfill of the trigger that has not ended. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<TriggerBackfill>,
}

/// The backfill of a trigger, in Kestra's form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerBackfill {
    /// The id.
    #[serde(default)]
    pub id: String,
    /// The start of the period, inclusive.
    pub start: Timestamp,
    /// The end of the period, inclusive.
    pub end: Timestamp,
    /// The next fire time of the backfill. The same date as `end` if there is none.
    pub current_date: Timestamp,
    /// Whether the backfill is paused.
    pub paused: bool,
    /// Inputs of the executions.
    #[serde(default)]
    pub inputs: Map,
    /// Labels of the executions.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// The next fire time of the trigger itself. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_next_execution_date: Option<Timestamp>,
}

/// The declaration of a trigger in its flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerDeclaration {
    /// The id.
    #[serde(default)]
    pub id: String,
    /// The type.
    #[serde(rename = "type", default)]
    pub type_name: String,
    /// Whether the flow disables the trigger.
    #[serde(default)]
    pub disabled: bool,
    /// The description. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The conditions. Absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Json>,
    /// Inputs of the executions. Absent if there are none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map,
    /// Labels of the executions. Absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// The cron expression of a schedule. Absent for other types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// All other properties of the type.
    #[serde(flatten)]
    pub properties: Map,
}

/// A trigger with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerHit {
    /// The declaration of the trigger. Absent if the flow does not have the trigger any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstract_trigger: Option<TriggerDeclaration>,
    /// The state.
    pub trigger_context: Trigger,
}

/// The next fire times of a cron expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextDates {
    /// The fire times, in order.
    pub dates: Vec<Timestamp>,
    /// The time zone of the cron expression.
    pub timezone: String,
}

/// The namespace, flow and id of a trigger. Other fields in a request are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerKey {
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The id of the trigger.
    pub trigger_id: String,
}

/// A request to change a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerUpdate {
    /// The trigger to change.
    #[serde(flatten)]
    pub key: TriggerKey,
    /// Disables (true) or enables (false) the trigger. If absent, the trigger stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// The backfill to start. If absent, no backfill starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<NewTriggerBackfill>,
}

/// The request for a backfill of a trigger, in Kestra's form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewTriggerBackfill {
    /// The start of the period, inclusive: an ISO-8601 date, with or without a time. Required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub start: Option<String>,
    /// The end of the period, inclusive. If absent, the current time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Inputs of the executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Map>,
    /// Labels of the executions: a list of labels, or a map from keys to values.
    #[serde(default, deserialize_with = "segue_model::label::from_any")]
    pub labels: Vec<Label>,
}

/// A request to enable or disable several triggers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetDisabled {
    /// The triggers.
    pub triggers: Vec<TriggerKey>,
    /// Disables (true) or enables (false) the triggers.
    pub disabled: bool,
    /// Whether missed fire times are run after enabling. Only false is accepted: a backfill runs missed fire times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_missed_schedules: Option<bool>,
}

/// A request to enable or disable one trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerSwitch {
    /// The trigger.
    #[serde(flatten)]
    pub key: TriggerKey,
    /// Disables (true) or enables (false) the trigger.
    pub disabled: bool,
    /// Whether missed fire times are run after enabling. Only false is accepted: a backfill runs missed fire times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_missed_schedules: Option<bool>,
}

/// A request for a backfill of one trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerBackfillRequest {
    /// The trigger.
    #[serde(flatten)]
    pub key: TriggerKey,
    /// The backfill.
    pub backfill: NewTriggerBackfill,
}

impl Trigger {
    /// The answer for the state of a trigger. `backfill` is the oldest unfinished backfill. None if there is none.
    pub fn new(state: &TriggerState, backfill: Option<&backfill::Backfill>) -> Self {
        Self {
            tenant_id: TENANT.to_owned(),
            namespace: state.key.namespace.clone(),
            flow_id: state.key.flow_id.clone(),
            trigger_id: state.key.trigger_id.clone(),
            date: state.date,
            next_execution_date: state.next_execution_date,
            disabled: state.disabled,
            execution_id: state.execution_id.as_ref().map(ToString::to_string),
            last_error: state.last_error().map(str::to_owned),
            updated_date: Some(state.updated_date),
            backfill: backfill.map(|backfill| TriggerBackfill {
                id: backfill.id.clone(),
                start: backfill.start,
                end: backfill.end,
                current_date: backfill.next.unwrap_or(backfill.end),
                paused: backfill.state == BackfillState::Paused,
                inputs: backfill.inputs.clone(),
                labels: backfill.labels.clone(),
                previous_next_execution_date: state.next_execution_date,
            }),
        }
    }
}

impl From<&segue_model::trigger::Trigger> for TriggerDeclaration {
    fn from(trigger: &segue_model::trigger::Trigger) -> Self {
        let mut properties = trigger.properties.clone();
        for common in ["id", "type", "disabled"] {
            properties.shift_remove(common);
        }
        Self {
            id: trigger.id.clone(),
            type_name: trigger.type_name.clone(),
            disabled: trigger.disabled,
            description: trigger.description.clone(),
            conditions: trigger.conditions.clone(),
            inputs: trigger.inputs.clone(),
            labels: trigger.labels.clone(),
            cron: take(&mut properties, "cron"),
            properties,
        }
    }
}

impl From<&TriggerKey> for trigger_state::TriggerKey {
    fn from(key: &TriggerKey) -> Self {
        Self::new(&key.namespace, &key.flow_id, &key.trigger_id)
    }
}
