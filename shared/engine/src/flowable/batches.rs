//! ForEachItem: a file is split by a service, each piece is given to a subflow, and what the subflows gave out
//! is merged by a service again; three task runs, `<id>_split`, `<id>_items`, `<id>_merge`
//! (kestra-compat.md 2.7, 4.2).

use super::{OpenError, Opened, subflow};
use crate::context::overlay;
use crate::state::{Env, ExecutionState};
use segue_model::id::ExecutionId;
use segue_model::state::State;
use segue_model::task::{Flowable, FlowableKind, ForEachItem, Task, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Answer, Lookup, Lookups as _, Scope, value_from_json, value_to_json};
use serde_json::json;

/// The task type that splits a file.
const SPLIT: &str = "io.segue.foreachitem.Split";
/// The task type that merges what subflows gave out.
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

/// Makes a subflow for each piece. Opened again after a crash, only for those that have not ended.
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
        Answer::Found(other) => return Err(OpenError::Failed(format!("{splits} is no text: {other}"))),
        Answer::Missing => return Err(OpenError::Failed(format!("{splits} is gone from internal storage"))),
        Answer::Failed(message) => return Err(OpenError::Failed(message)),
        Answer::Pending => return Err(OpenError::Pending),
    };
    let uris: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let pieces = Pieces::of(&task_run.memo, uris.len());
    let mut subflows = Vec::new();
    for (number, uri) in uris.iter().enumerate().filter(|(number, _)| !pieces.has_ended(*number)) {
        let iteration = number as u64;
        let mut taskrun =
            scope.variables.get("taskrun").map(|value| value_to_json(&value)).unwrap_or_default();
        if let Json::Object(map) = &mut taskrun {
            map.insert("items".into(), json!(uri));
            map.insert("iteration".into(), json!(iteration));
        }
        let scope = overlay(scope, vec![("taskrun", value_from_json(&taskrun))]);
        subflows.push(subflow::request(state, &items.subflow, task_run, Some(iteration), &scope, env)?);
    }
    Ok(Opened { outputs: pieces.outputs(), memo: pieces.memo(), subflows, ..Opened::running() })
}

/// Which pieces have ended, and how: one letter a piece, `.` for one that has not.
struct Pieces(Vec<u8>);

const LETTERS: [(u8, State); 5] = [
    (b's', State::Success),
    (b'w', State::Warning),
    (b'f', State::Failed),
    (b'k', State::Killed),
    (b'c', State::Cancelled),
];

impl Pieces {
    fn of(memo: &Json, total: usize) -> Self {
        let mut letters: Vec<u8> =
            memo.get("pieces").and_then(Json::as_str).map(|text| text.bytes().collect()).unwrap_or_default();
        letters.resize(total.max(letters.len()), b'.');
        Self(letters)
    }

    fn has_ended(&self, number: usize) -> bool {
        self.0.get(number).is_some_and(|letter| *letter != b'.')
    }

    fn count(&self, letter: u8) -> usize {
        self.0.iter().filter(|other| **other == letter).count()
    }

    fn memo(&self) -> Json {
        json!({"pieces": String::from_utf8_lossy(&self.0)})
    }

    fn outputs(&self) -> Map {
        let mut iterations = Map::new();
        let open = self.count(b'.');
        if open > 0 {
            iterations.insert("RUNNING".into(), json!(open));
        }
        for (letter, state) in LETTERS {
            let count = self.count(letter);
            if count > 0 {
                iterations.insert(state.as_str().into(), json!(count));
            }
        }
        let mut outputs = Map::new();
        outputs.insert("numberOfBatches".into(), json!(self.0.len()));
        outputs.insert("iterations".into(), Json::Object(iterations));
        outputs
    }

    fn state(&self, transmits: bool) -> State {
        let has = |letter| self.count(letter) > 0;
        if !transmits {
            State::Success
        } else if has(b'f') || has(b'c') {
            State::Failed
        } else if has(b'k') {
            State::Killed
        } else if has(b'w') {
            State::Warning
        } else {
            State::Success
        }
    }
}

/// What the end of a piece comes to.
pub(crate) struct BatchEnd {
    pub(crate) memo: Json,
    pub(crate) outputs: Map,
    /// The state of the whole, once every piece has ended.
    pub(crate) state: Option<State>,
}

/// Folds the end of a piece in; none where it had ended already.
pub(crate) fn ended(items: &ForEachItem, memo: &Json, iteration: u64, state: State) -> Option<BatchEnd> {
    let mut pieces = Pieces::of(memo, 0);
    let number = usize::try_from(iteration).ok()?;
    if pieces.has_ended(number) {
        return None;
    }
    let letter = LETTERS.iter().find(|(_, known)| *known == state).map_or(b's', |(letter, _)| *letter);
    *pieces.0.get_mut(number)? = letter;
    let all = pieces.count(b'.') == 0;
    Some(BatchEnd {
        memo: pieces.memo(),
        outputs: pieces.outputs(),
        state: all.then(|| pieces.state(items.subflow.transmit_failed)),
    })
}

/// What the merge is told: the subflows, in order.
pub(crate) fn properties_of_merge(state: &ExecutionState, task_run: &TaskRun) -> Map {
    let mut properties = Map::new();
    let Some(items) = sibling(state, task_run, "_merge", "_items") else { return properties };
    let total = Pieces::of(&items.memo, 0).0.len() as u64;
    let attempt = items.attempts.len().saturating_sub(1);
    let executions: Vec<ExecutionId> =
        (0..total).map(|number| subflow::child_id(&items.id, attempt, Some(number))).collect();
    properties.insert("executions".into(), json!(executions));
    properties
}
