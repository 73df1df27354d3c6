//! Lists of tasks that must not be empty. The parser has already reported missing lists.

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::task::{FlowableKind, TaskKind};
use crate::walk::walk_tasks;

pub(super) fn empty_tasks(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut empty = Vec::new();
    if flow.tasks.is_empty() {
        empty.push(("/tasks".to_owned(), "the flow".to_owned()));
    }
    walk_tasks(flow, &mut |path, task| {
        let TaskKind::Flowable(flowable) = &task.kind else { return };
        let is_empty = match &flowable.kind {
            FlowableKind::Sequential { tasks }
            | FlowableKind::Parallel { tasks, .. }
            | FlowableKind::AllowFailure { tasks } => tasks.is_empty(),
            FlowableKind::ForEach(each) => each.tasks.is_empty(),
            FlowableKind::Dag { tasks, .. } => tasks.is_empty(),
            FlowableKind::LoopUntil(until) => until.tasks.is_empty(),
            FlowableKind::WorkingDirectory(directory) => directory.tasks.is_empty(),
            // A branch may be empty. It then does nothing.
            FlowableKind::If { .. } | FlowableKind::Switch { .. } => false,
            FlowableKind::ForEachItem(_)
            | FlowableKind::Batches(_)
            | FlowableKind::Subflow(_)
            | FlowableKind::Pause(_)
            | FlowableKind::Sleep { .. } => false,
        };
        if is_empty {
            empty.push((format!("{path}/tasks"), format!("task '{}'", task.id)));
        }
    });
    empty
        .into_iter()
        .filter_map(|(path, what)| {
            // The parser has already reported elements with errors.
            positions.exact(&path).filter(|_| positions.exact(&format!("{path}/0")).is_none()).map(
                |position| {
                    Diagnostic::error(
                        codes::EMPTY_TASKS,
                        position,
                        format!("'tasks' of {what} must not be empty"),
                    )
                    .with_hint("add at least one task")
                },
            )
        })
        .collect()
}
