//! The children of a task, to be changed.

use segue_model::task::{FlowableKind, Task, TaskKind};

/// The direct children of a task, `errors` and `finally` included.
pub(crate) fn children(task: &mut Task) -> Vec<&mut Task> {
    let TaskKind::Flowable(flowable) = &mut task.kind else { return Vec::new() };
    let mut found: Vec<&mut Task> = match &mut flowable.kind {
        FlowableKind::Sequential { tasks }
        | FlowableKind::Parallel { tasks, .. }
        | FlowableKind::AllowFailure { tasks } => tasks.iter_mut().collect(),
        FlowableKind::If { then, otherwise, .. } => then.iter_mut().chain(otherwise).collect(),
        FlowableKind::Switch { cases, defaults, .. } => {
            cases.iter_mut().flat_map(|(_, tasks)| tasks).chain(defaults).collect()
        }
        FlowableKind::ForEach(each) => each.tasks.iter_mut().collect(),
        FlowableKind::Dag { tasks, .. } => tasks.iter_mut().map(|node| &mut node.task).collect(),
        FlowableKind::Pause(pause) => pause.tasks.iter_mut().chain(&mut pause.on_pause).collect(),
        FlowableKind::LoopUntil(until) => until.tasks.iter_mut().collect(),
        FlowableKind::WorkingDirectory(directory) => directory.tasks.iter_mut().collect(),
        FlowableKind::ForEachItem(_)
        | FlowableKind::Batches(_)
        | FlowableKind::Subflow(_)
        | FlowableKind::Sleep { .. } => Vec::new(),
    };
    found.extend(flowable.errors.iter_mut());
    found.extend(flowable.finally.iter_mut());
    found
}
