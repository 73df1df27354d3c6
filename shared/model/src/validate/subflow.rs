//! A Subflow or ForEachItem must not call its own flow. Only a literal name is checked.

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::task::{FlowableKind, TaskKind};
use crate::walk::walk_tasks;

pub(super) fn recursive(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk_tasks(flow, &mut |path, task| {
        let TaskKind::Flowable(flowable) = &task.kind else { return };
        let subflow = match &flowable.kind {
            FlowableKind::Subflow(subflow) => subflow.as_ref(),
            FlowableKind::ForEachItem(each) => &each.subflow,
            _ => return,
        };
        if !flow.id.is_empty() && subflow.namespace == flow.namespace && subflow.flow_id == flow.id {
            found.push(
                Diagnostic::error(
                    codes::RECURSIVE_SUBFLOW,
                    positions.of(&format!("{path}/flowId")),
                    format!("Recursive call to flow [{}.{}]", flow.namespace, flow.id),
                )
                .with_hint("call another flow, or loop with ForEach or LoopUntil"),
            );
        }
    });
    found
}
