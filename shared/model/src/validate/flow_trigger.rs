//! A Flow trigger without conditions fires for every execution of every other flow (docs/kestra.md 5.5).

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;

const FLOW: &str = "io.kestra.plugin.core.trigger.Flow";

pub(super) fn for_every_flow(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    flow.triggers
        .iter()
        .enumerate()
        .filter(|(_, trigger)| {
            trigger.type_name == FLOW
                && trigger.conditions.is_empty()
                && trigger.properties.get("preconditions").is_none_or(serde_json::Value::is_null)
        })
        .map(|(index, trigger)| {
            let message = format!("trigger '{}' fires for every execution of every other flow", trigger.id);
            Diagnostic::warning(
                codes::TRIGGER_FOR_EVERY_FLOW,
                positions.of(&format!("/triggers/{index}")),
                message,
            )
            .with_hint("add 'preconditions' or 'conditions'")
        })
        .collect()
}
