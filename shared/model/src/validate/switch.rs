//! A Switch needs at least one branch.

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::task::{FlowableKind, TaskKind};
use crate::walk::walk_tasks;

pub(super) fn without_branch(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk_tasks(flow, &mut |path, task| {
        if let TaskKind::Flowable(flowable) = &task.kind
            && let FlowableKind::Switch { cases, defaults, .. } = &flowable.kind
            && cases.is_empty()
            && defaults.is_empty()
        {
            found.push(
                Diagnostic::error(
                    codes::SWITCH_WITHOUT_BRANCH,
                    positions.of(path),
                    format!("the Switch '{}' has neither cases nor defaults", task.id),
                )
                .with_hint("add 'cases' or 'defaults'"),
            );
        }
    });
    found
}
