//! Finds `inputs.x` for inputs that the flow does not declare (docs/kestra.md 1.2).

use super::Checked;
use super::readings::Part;
use segue_model::Suggestions;
use segue_model::diagnostic::{Diagnostic, codes};
use std::collections::HashMap;

pub(super) fn unknown_input(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let declared: Vec<&str> = checked.flow.inputs.iter().map(|input| input.id.as_str()).collect();
    let names = Names::new(&declared);
    let mut suggestions = Suggestions::default();
    let mut found = Vec::new();
    for reading in checked.readings.iter().filter(|reading| reading.counts()) {
        // The inputs of `onResume` are separate. A trigger sees the inputs of another execution.
        if reading.property() == "onResume" || reading.part == Part::Triggers {
            continue;
        }
        for reference in reading.bare_in("inputs") {
            let Some((_, keys)) = reference.path.split_first() else { continue };
            if keys.is_empty() || names.lead_along(keys) {
                continue;
            }
            let name = keys.join(".");
            let position = checked.locations.within(reading, reference.line, reference.column);
            let problem = Diagnostic::warning(
                codes::UNKNOWN_INPUT,
                position,
                format!("the flow has no input '{name}'"),
            );
            let first = keys.first().map(String::as_str).unwrap_or_default();
            let near = suggestions
                .near(&name, declared.iter().copied())
                .or_else(|| suggestions.near(first, declared.iter().copied()));
            found.push(match near {
                Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
                None => problem.with_hint("declare it under 'inputs', or give a value with ??"),
            });
        }
    }
    found
}

/// The ids of inputs as a tree of their segments: ids with dots nest.
#[derive(Default)]
struct Names<'a> {
    /// The first node is the root.
    nodes: Vec<NameNode<'a>>,
}

#[derive(Default)]
struct NameNode<'a> {
    /// Whether an id ends at this node.
    ends: bool,
    below: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn new(ids: &[&'a str]) -> Self {
        let mut names = Self { nodes: vec![NameNode::default()] };
        for id in ids {
            let mut at = 0;
            for segment in id.split('.') {
                let next = names.nodes.len();
                let Some(node) = names.nodes.get_mut(at) else { break };
                at = *node.below.entry(segment).or_insert(next);
                if at == next {
                    names.nodes.push(NameNode::default());
                }
            }
            if let Some(node) = names.nodes.get_mut(at) {
                node.ends = true;
            }
        }
        names
    }

    /// Whether these keys lead to an input, to a part of its value, or to a group of inputs.
    fn lead_along(&self, keys: &[String]) -> bool {
        let mut at = 0;
        for segment in keys.iter().flat_map(|key| key.split('.')) {
            let Some(node) = self.nodes.get(at) else { return false };
            if node.ends {
                return true;
            }
            match node.below.get(segment) {
                Some(next) => at = *next,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{of_tasks, reads};

    fn of(expression: &str) -> String {
        of_tasks(&format!("  - {}\n", reads("a", expression))).join("\n")
    }

    #[test]
    fn undeclared_inputs_are_told() {
        assert_eq!(
            of("inputs.nmae"),
            "warning[SEG0403]: the flow has no input 'nmae' => did you mean 'name'?"
        );
        assert_eq!(
            of("inputs['zebra'].x"),
            "warning[SEG0403]: the flow has no input 'zebra.x' => declare it under 'inputs', or give a value with ??"
        );
        assert_eq!(
            of("inputs.period.to"),
            "warning[SEG0403]: the flow has no input 'period.to' => did you mean 'period.from'?"
        );
    }

    #[test]
    fn declared_and_guarded_ones_are_not() {
        for expression in [
            "inputs.name.deeper",
            "inputs.period.from",
            "inputs.period",
            "inputs",
            "inputs[vars.path]",
            "inputs.zebra ?? 'x'",
            "inputs.zebra | default('x')",
            "inputs.zebra is defined ? inputs.zebra : 'x'",
        ] {
            assert_eq!(of(expression), "", "{expression}");
        }
    }

    #[test]
    fn a_condition_on_the_way_guards() {
        let guarded = |condition: &str| {
            of_tasks(&format!(
                "  - {{id: i, type: io.kestra.plugin.core.flow.If, condition: \"{{{{ {condition} }}}}\", then: [{}]}}\n",
                reads("a", "inputs.zebra")
            ))
        };
        assert_eq!(guarded("inputs.zebra is defined"), [""; 0]);
        assert_eq!(guarded("inputs.name is defined").len(), 1);
    }
}
