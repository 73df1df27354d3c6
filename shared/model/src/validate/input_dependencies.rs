//! `dependsOn` of inputs must name inputs that exist, and must not form a circle.

use super::graph::circle;
use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::input::Input;
use crate::positions::Positions;
use crate::suggest::Suggestions;
use std::collections::HashSet;

pub(super) fn input_dependencies(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = unknown(&flow.inputs, positions);
    let nodes: Vec<(&str, &[String])> =
        flow.inputs.iter().map(|input| (input.id.as_str(), needed(input))).collect();
    if let Some(circle) = circle(&nodes) {
        let first = flow.inputs.iter().position(|input| circle.first() == Some(&input.id.as_str()));
        let position = positions.of(&format!("/inputs/{}/dependsOn/inputs", first.unwrap_or(0)));
        let message = format!("inputs depend on each other in a circle: {}", circle.join(" -> "));
        found.push(
            Diagnostic::error(codes::INPUT_DEPENDENCY_CYCLE, position, message)
                .with_hint("remove one of them from 'dependsOn'"),
        );
    }
    found
}

fn needed(input: &Input) -> &[String] {
    input.depends_on.as_ref().map_or(&[], |depends_on| depends_on.inputs.as_slice())
}

fn unknown(inputs: &[Input], positions: &Positions) -> Vec<Diagnostic> {
    let known: HashSet<&str> = inputs.iter().map(|input| input.id.as_str()).collect();
    let mut suggestions = Suggestions::default();
    let mut found = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        for (at, name) in needed(input).iter().enumerate() {
            if known.contains(name.as_str()) {
                continue;
            }
            let position = positions.of(&format!("/inputs/{index}/dependsOn/inputs/{at}"));
            let message = format!("input '{}' depends on an unknown input '{name}'", input.id);
            let problem = Diagnostic::error(codes::UNKNOWN_INPUT_DEPENDENCY, position, message);
            let near = suggestions.near(name, inputs.iter().map(|known| known.id.as_str()));
            found.push(match near {
                Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
                None => problem,
            });
        }
    }
    found
}
