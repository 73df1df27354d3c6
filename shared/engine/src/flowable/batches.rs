//! The middle part of a ForEachItem: each piece of the file goes to a subflow (docs/kestra.md 2.7, 4.2). The file
//! `for_each_item.rs` describes all three parts.

use super::opened::{OpenError, Opened};
use super::pieces::Pieces;
use super::subflow;
use crate::context::overlay;
use crate::env::Env;
use crate::state::ExecutionState;
use segue_model::id::ExecutionId;
use segue_model::task::ForEachItem;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Answer, Lookup, Lookups as _, Scope, value_from_json, value_to_json};
use serde_json::json;

/// The task run of another part of the same ForEachItem.
fn sibling<'a>(
    state: &'a ExecutionState,
    task_run: &TaskRun,
    end: &str,
    wanted: &str,
) -> Option<&'a TaskRun> {
    let base = task_run.task_id.strip_suffix(end)?;
    let wanted = format!("{base}{wanted}");
    state
        .task_runs()
        .find(|run| run.parent_task_run_id == task_run.parent_task_run_id && run.task_id == wanted)
}

/// Creates a subflow for each piece. If the task run is opened again, pieces that have ended get no new subflow.
pub(super) fn open(
    state: &ExecutionState,
    items: &ForEachItem,
    task_run: &TaskRun,
    scope: &Scope,
    env: &Env,
) -> Result<Opened, OpenError> {
    let splits = sibling(state, task_run, "_items", "_split")
        .and_then(|run| run.outputs.get("splits"))
        .and_then(Json::as_str)
        .ok_or_else(|| OpenError::Failed("the file was not split: `splits` is missing".into()))?;
    let read = Lookup::Read { path: splits.to_owned(), namespace: None };
    let text = match env.lookups.lookup(&read) {
        Answer::Found(Json::String(text)) => text,
        Answer::Found(other) => return Err(OpenError::Failed(format!("{splits} is not a text: {other}"))),
        Answer::Missing => {
            return Err(OpenError::Failed(format!("{splits} was not found in internal storage")));
        }
        Answer::Failed(message) => return Err(OpenError::Failed(message)),
        Answer::Pending => return Err(OpenError::Pending),
    };
    let uris: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let pieces = Pieces::of(&task_run.memo, uris.len());
    let mut subflows = Vec::with_capacity(uris.len());
    for (number, uri) in uris.iter().enumerate().filter(|(number, _)| !pieces.has_ended(*number)) {
        let iteration = number as u64;
        let mut taskrun =
            scope.variables.get("taskrun").map(|value| value_to_json(&value)).unwrap_or_default();
        if let Json::Object(map) = &mut taskrun {
            map.insert("items".into(), json!(uri));
            map.insert("iteration".into(), json!(iteration));
        }
        let scope = overlay(scope, vec![("taskrun", value_from_json(&taskrun))]);
        let child = pieces.child(&task_run.id, task_run.attempts.len(), iteration);
        subflows.push(subflow::request(
            state,
            &items.subflow,
            task_run,
            Some(iteration),
            child,
            &scope,
            env,
        )?);
    }
    Ok(Opened { outputs: pieces.outputs(), memo: pieces.memo(), subflows, ..Opened::running() })
}

/// The properties of the merge task: the subflows in the order of the pieces.
pub(crate) fn properties_of_merge(state: &ExecutionState, task_run: &TaskRun) -> Map {
    let mut properties = Map::new();
    let Some(items) = sibling(state, task_run, "_merge", "_items") else { return properties };
    let pieces = Pieces::of(&items.memo, 0);
    let executions: Vec<ExecutionId> =
        (0..pieces.total()).map(|number| pieces.execution(&items.id, number)).collect();
    properties.insert("executions".into(), json!(executions));
    properties
}
