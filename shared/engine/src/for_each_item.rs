//! ForEachItem. A service splits a file into pieces. Each piece goes to a subflow. Then a service merges the outputs of
//! the subflows. There are three task runs: `<id>_split`, `<id>_items`, `<id>_merge` (docs/kestra.md 2.7, 4.2).

use segue_model::task::{Flowable, FlowableKind, ForEachItem, Task, TaskKind};
use segue_model::{Json, Map};
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
