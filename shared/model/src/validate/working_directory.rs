//! The children of a WorkingDirectory share a directory. So every child must be a runnable task.

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::task::{FlowableKind, TaskKind};
use crate::walk::walk_tasks;

pub(super) fn runnable_only(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk_tasks(flow, &mut |path, task| {
        let TaskKind::Flowable(flowable) = &task.kind else { return };
        let FlowableKind::WorkingDirectory(directory) = &flowable.kind else { return };
        for (index, child) in directory.tasks.iter().enumerate() {
            // Sleep is a runnable task in Kestra. The engine runs it with a timer, but the rule follows Kestra.
            let is_runnable = match &child.kind {
                TaskKind::Plugin { .. } => true,
                TaskKind::Flowable(flowable) => matches!(flowable.kind, FlowableKind::Sleep { .. }),
            };
            if !is_runnable {
                found.push(
                    Diagnostic::error(
                        codes::NOT_RUNNABLE,
                        positions.of(&format!("{path}/tasks/{index}/type")),
                        format!(
                            "Only runnable tasks are allowed as children of a WorkingDirectory: '{}' in '{}' is not",
                            child.id, task.id
                        ),
                    )
                    .with_hint("put the WorkingDirectory inside the flowable task"),
                );
            }
        }
    });
    found
}
