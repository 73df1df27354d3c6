//! Visits the tasks of a flow, with their paths. The paths are those of [`crate::Positions`].

use crate::flow::Flow;
use crate::task::{FlowableKind, Task, TaskKind};
use crate::texts::escape;

impl Flow {
    /// Calls `visit` for every task of the flow, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Task)) {
        walk_tasks(self, &mut |_, task| visit(task));
    }
}

/// Calls `visit` for every task of a flow with its path, parents first.
pub fn walk_tasks<'a>(flow: &'a Flow, visit: &mut dyn FnMut(&str, &'a Task)) {
    for (name, tasks) in [
        ("tasks", &flow.tasks),
        ("errors", &flow.errors),
        ("finally", &flow.finally),
        ("afterExecution", &flow.after_execution),
    ] {
        walk_list(&format!("/{name}"), tasks, visit);
    }
}

fn walk_list<'a>(path: &str, tasks: &'a [Task], visit: &mut dyn FnMut(&str, &'a Task)) {
    for (index, task) in tasks.iter().enumerate() {
        walk_task(&format!("{path}/{index}"), task, visit);
    }
}

fn walk_task<'a>(path: &str, task: &'a Task, visit: &mut dyn FnMut(&str, &'a Task)) {
    visit(path, task);
    let TaskKind::Flowable(flowable) = &task.kind else { return };
    let mut list = |name: &str, tasks: &'a [Task]| walk_list(&format!("{path}/{name}"), tasks, visit);
    match &flowable.kind {
        FlowableKind::Sequential { tasks }
        | FlowableKind::Parallel { tasks, .. }
        | FlowableKind::AllowFailure { tasks } => list("tasks", tasks),
        FlowableKind::If { then, otherwise, .. } => {
            list("then", then);
            list("else", otherwise);
        }
        FlowableKind::Switch { cases, defaults, .. } => {
            for (case, tasks) in cases {
                list(&format!("cases/{}", escape(case)), tasks);
            }
            list("defaults", defaults);
        }
        FlowableKind::ForEach(each) => list("tasks", &each.tasks),
        FlowableKind::LoopUntil(until) => list("tasks", &until.tasks),
        FlowableKind::WorkingDirectory(directory) => list("tasks", &directory.tasks),
        FlowableKind::Dag { tasks, .. } => {
            for (index, node) in tasks.iter().enumerate() {
                walk_task(&format!("{path}/tasks/{index}/task"), &node.task, visit);
            }
        }
        FlowableKind::Pause(pause) => {
            list("tasks", &pause.tasks);
            if let Some(task) = &pause.on_pause {
                walk_task(&format!("{path}/onPause"), task, visit);
            }
        }
        FlowableKind::ForEachItem(_)
        | FlowableKind::Batches(_)
        | FlowableKind::Subflow(_)
        | FlowableKind::Sleep { .. } => {}
    }
    walk_list(&format!("{path}/errors"), &flowable.errors, visit);
    walk_list(&format!("{path}/finally"), &flowable.finally, visit);
}
