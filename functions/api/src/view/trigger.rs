//! States of triggers, with the backfill that runs on one (docs/kestra.md 6.5).

use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerState;
use segue_model::{Json, Map};
use serde_json::json;

/// The state of a trigger.
pub(crate) fn state(state: &TriggerState, backfill: Option<&Backfill>) -> Json {
    let mut map = Map::new();
    map.insert("tenantId".into(), json!("main"));
    map.insert("namespace".into(), json!(state.key.namespace));
    map.insert("flowId".into(), json!(state.key.flow_id));
    map.insert("triggerId".into(), json!(state.key.trigger_id));
    for (name, date) in [("date", state.date), ("nextExecutionDate", state.next_execution_date)] {
        if let Some(date) = date {
            map.insert(name.into(), json!(date));
        }
    }
    map.insert("disabled".into(), json!(state.disabled));
    if let Some(execution) = &state.execution_id {
        map.insert("executionId".into(), json!(execution));
    }
    map.insert("updatedDate".into(), json!(state.updated_date));
    if let Some(backfill) = backfill {
        map.insert("backfill".into(), running(backfill, state));
    }
    Json::Object(map)
}

/// A backfill as it stands within its trigger.
fn running(backfill: &Backfill, state: &TriggerState) -> Json {
    let mut view = json!({
        "id": backfill.id,
        "start": backfill.start,
        "end": backfill.end,
        "currentDate": backfill.next.unwrap_or(backfill.end),
        "paused": backfill.state == BackfillState::Paused,
        "inputs": backfill.inputs,
        "labels": backfill.labels,
    });
    if let (Some(next), Json::Object(map)) = (state.next_execution_date, &mut view) {
        map.insert("previousNextExecutionDate".into(), json!(next));
    }
    view
}

/// A trigger as its flow declares it.
pub(crate) fn declared(trigger: &Trigger) -> Json {
    let mut map = trigger.properties.clone();
    map.insert("id".into(), json!(trigger.id));
    map.insert("type".into(), json!(trigger.type_name));
    map.insert("disabled".into(), json!(trigger.disabled));
    if let Some(description) = &trigger.description {
        map.insert("description".into(), json!(description));
    }
    if !trigger.conditions.is_empty() {
        map.insert("conditions".into(), json!(trigger.conditions));
    }
    if !trigger.inputs.is_empty() {
        map.insert("inputs".into(), json!(trigger.inputs));
    }
    if !trigger.labels.is_empty() {
        map.insert("labels".into(), json!(trigger.labels));
    }
    Json::Object(map)
}
