//! The own properties of a task: those of its type, without the properties of every task and without its children.

use segue_model::task::{FlowableKind, Subflow, Task, TaskKind};
use segue_model::{Json, Map};
use serde_json::json;

/// The own properties of a task, as the flow writes them. The condition of a LoopUntil is not among them, because it is
/// rendered only at the end of each round.
pub fn own_properties(task: &Task) -> Map {
    let flowable = match &task.kind {
        TaskKind::Plugin { properties } => return properties.clone(),
        TaskKind::Flowable(flowable) => flowable,
    };
    let mut found = Map::new();
    match &flowable.kind {
        FlowableKind::If { condition, .. } => put(&mut found, "condition", json!(condition)),
        FlowableKind::Switch { value, .. } => put(&mut found, "value", json!(value)),
        FlowableKind::ForEach(each) => put(&mut found, "values", each.values.clone()),
        FlowableKind::Sleep { duration } => put(&mut found, "duration", json!(duration)),
        FlowableKind::Pause(pause) => put(&mut found, "pauseDuration", json!(pause.duration)),
        FlowableKind::WorkingDirectory(directory) => found = directory.properties.clone(),
        FlowableKind::Subflow(call) => add_call(&mut found, call),
        FlowableKind::ForEachItem(items) | FlowableKind::Batches(items) => {
            put(&mut found, "items", json!(items.items));
            if !items.batch.is_empty() {
                put(&mut found, "batch", Json::Object(items.batch.clone()));
            }
            // The inputs of the subflow are rendered for each batch, and read variables that only a batch has.
            put(&mut found, "namespace", json!(items.subflow.namespace));
            put(&mut found, "flowId", json!(items.subflow.flow_id));
        }
        FlowableKind::Sequential { .. }
        | FlowableKind::Parallel { .. }
        | FlowableKind::Dag { .. }
        | FlowableKind::AllowFailure { .. }
        | FlowableKind::LoopUntil(_) => {}
    }
    found
}

fn add_call(found: &mut Map, call: &Subflow) {
    put(found, "namespace", json!(call.namespace));
    put(found, "flowId", json!(call.flow_id));
    if !call.inputs.is_empty() {
        put(found, "inputs", Json::Object(call.inputs.clone()));
    }
    put(found, "labels", call.labels.clone());
}

fn put(found: &mut Map, name: &str, value: Json) {
    if !value.is_null() {
        found.insert(name.to_owned(), value);
    }
}
