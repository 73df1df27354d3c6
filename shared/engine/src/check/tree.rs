//! The tasks of a flow by path, and the relations of tasks. The paths are those of [`segue_model::Positions`], so a
//! path also gives the position in the source.

use segue_model::flow::Flow;
use segue_model::task::{FlowableKind, Task, TaskKind};
use segue_model::walk_tasks;
use std::collections::BTreeMap;

/// The endings of the ids of the tasks that the engine creates for a ForEachItem (docs/kestra.md 2.7).
const PARTS: [&str; 3] = ["_split", "_items", "_merge"];

/// The tasks of a flow.
pub(super) struct Tree<'a> {
    by_path: BTreeMap<String, &'a Task>,
    /// The paths by id. They are sorted, so the report of a flow is always the same.
    path_of: BTreeMap<String, String>,
}

/// A list of tasks, and a position in the list. A single task (`onPause`) has no position.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Branch<'p> {
    pub(super) list: &'p str,
    pub(super) index: usize,
}

impl<'a> Tree<'a> {
    pub(super) fn new(flow: &'a Flow) -> Self {
        let mut tree = Self { by_path: BTreeMap::new(), path_of: BTreeMap::new() };
        walk_tasks(flow, &mut |path, task| {
            tree.by_path.insert(path.to_owned(), task);
            tree.path_of.entry(task.id.clone()).or_insert_with(|| path.to_owned());
            if matches!(flowable(task), Some(FlowableKind::ForEachItem(_))) {
                for part in PARTS {
                    tree.path_of.entry(format!("{}{part}", task.id)).or_insert_with(|| path.to_owned());
                }
            }
        });
        tree
    }

    /// The path of the task with this id. For a part of a ForEachItem, the path of the ForEachItem.
    pub(super) fn path_of(&self, id: &str) -> Option<&str> {
        self.path_of.get(id).map(String::as_str)
    }

    /// The ids of tasks with outputs.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.path_of.keys().map(String::as_str)
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = (&str, &'a Task)> {
        self.by_path.iter().map(|(path, task)| (path.as_str(), *task))
    }

    pub(super) fn task(&self, path: &str) -> Option<&'a Task> {
        self.by_path.get(path).copied()
    }

    /// The task that contains a path, and the tasks around it, outermost first.
    pub(super) fn around<'p>(&self, path: &'p str) -> Vec<(&'p str, &'a Task)> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.filter_map(|end| {
            let outer = path.get(..end)?;
            Some((outer, self.task(outer)?))
        })
        .collect()
    }

    /// The path of the task that contains a path.
    pub(super) fn owner<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.around(path).last().map(|(owner, _)| *owner)
    }

    /// Whether a task is disabled, directly or by a task around it.
    pub(super) fn is_disabled(&self, path: &str) -> bool {
        self.around(path).iter().any(|(_, task)| task.disabled)
    }

    /// Whether a flowable of this kind is around a task.
    pub(super) fn is_inside(&self, path: &str, kind: impl Fn(&FlowableKind) -> bool) -> bool {
        self.above(path).iter().any(|(_, task)| flowable(task).is_some_and(&kind))
    }

    /// The tasks around a task, without the task itself.
    pub(super) fn above<'p>(&self, path: &'p str) -> Vec<(&'p str, &'a Task)> {
        let mut around = self.around(path);
        around.retain(|(outer, _)| *outer != path);
        around
    }

    /// The closest task around both tasks. The empty path is the flow itself.
    pub(super) fn common<'p>(&self, left: &'p str, right: &str) -> &'p str {
        let right = self.above(right);
        let shared =
            self.above(left).into_iter().rev().find(|(path, _)| right.iter().any(|(other, _)| other == path));
        shared.map_or("", |(path, _)| path)
    }
}

/// The flowable kind of a task.
pub(super) fn flowable(task: &Task) -> Option<&FlowableKind> {
    match &task.kind {
        TaskKind::Flowable(flowable) => Some(&flowable.kind),
        TaskKind::Plugin { .. } => None,
    }
}

/// Whether children of a flowable run more than once.
pub(super) fn repeats(kind: &FlowableKind) -> bool {
    matches!(kind, FlowableKind::ForEach(_) | FlowableKind::LoopUntil(_))
}

/// The list of `outer` that contains a task, directly or in a task around it. `outer` is a task around it, or the flow.
pub(super) fn branch<'p>(outer: &str, path: &'p str) -> Branch<'p> {
    let rest = path.get(outer.len()..).unwrap_or_default().trim_start_matches('/');
    // The path of a case in a Switch has one more segment: `cases/x/0`.
    let names = if rest.starts_with("cases/") { 2 } else { 1 };
    let end = rest.match_indices('/').nth(names - 1).map_or(rest.len(), |(end, _)| end);
    let (list, behind) = rest.split_at(end);
    let index = behind.trim_start_matches('/').split('/').next().and_then(|index| index.parse().ok());
    Branch { list, index: index.unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_read_off_paths() {
        for (outer, path, list, index) in [
            ("", "/tasks/3", "tasks", 3),
            ("", "/errors/0/then/1", "errors", 0),
            ("/tasks/0", "/tasks/0/then/12", "then", 12),
            ("/tasks/0", "/tasks/0/cases/a~1b/2/tasks/9", "cases/a~1b", 2),
            ("/tasks/0", "/tasks/0/tasks/4/task", "tasks", 4),
            ("/tasks/0", "/tasks/0/onPause", "onPause", 0),
        ] {
            assert_eq!(branch(outer, path), Branch { list, index }, "{path}");
        }
    }
}
