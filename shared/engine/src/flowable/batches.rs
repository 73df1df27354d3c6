//! ForEachItem: a service splits a file, each piece goes to a subflow, and a service merges the outputs of
//! the subflows. There are three task runs: `<id>_split`, `<id>_items`, `<id>_merge` (docs/kestra.md 2.7,
//! 4.2).

use super::pieces::Pieces;
use super::{OpenError, Opened, subflow};
use crate::context::overlay;
use crate::state::{Env, ExecutionState};
use segue_model::id::ExecutionId;
use segue_model::task::{Flowable, FlowableKind, ForEachItem, Task, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Answer, Lookup, Lookups as _, Scope, value_from_json, value_to_json};
use serde_json::json;

/// The task type that splits a file.
const SPLIT: &str = "io.segue.foreachitem.Split";
/// The task type that merges the outputs of subflows.
pub(crate) const MERGE: &str = "io.segue.foreachitem.Merge";

/// The three tasks of a ForEachItem.
pub(crate) fn parts(task: &Task, items: &ForEachItem) -> [Task; 3] {
    let part = |end: &str, type_name: &str, kind: TaskKind| Task {
        id: format!("{}_{end}", task.id),
        type_name: type_name.to_owned(),
        description: None,
        retry: None,
        timeout: None,
        disabled: false,
        run_if: None,
        allow_failure: false,
        allow_warning: false,
        log_level: task.log_level,
        log_to_file: task.log_to_file,
        kind,
    };
    let mut split = Map::new();
    split.insert("items".into(), json!(items.items));
    split.insert("batch".into(), Json::Object(items.batch.clone()));
    let batches = Flowable {
        kind: FlowableKind::Batches(Box::new(items.clone())),
        errors: Vec::new(),
        finally: Vec::new(),
    };
    [
        part("split", SPLIT, TaskKind::Plugin { properties: split }),
        part("items", &task.type_name, TaskKind::Flowable(batches)),
        part("merge", MERGE, TaskKind::Plugin { properties: Map::new() }),
    ]
}

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

/// Creates a subflow for each piece. After a crash, only for pieces that have not ended.
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

/// The properties of the merge: the subflows, in order.
pub(crate) fn properties_of_merge(state: &ExecutionState, task_run: &TaskRun) -> Map {
    let mut properties = Map::new();
    let Some(items) = sibling(state, task_run, "_merge", "_items") else { return properties };
    let pieces = Pieces::of(&items.memo, 0);
    let executions: Vec<ExecutionId> =
        (0..pieces.total()).map(|number| pieces.execution(&items.id, number)).collect();
    properties.insert("executions".into(), json!(executions));
    properties
}
