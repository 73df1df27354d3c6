//! Finds `outputs.x` and `tasks.x` of tasks that do not exist (docs/kestra.md 3.3).

use super::Checked;
use super::readings::Part;
use segue_model::Suggestions;
use segue_model::diagnostic::{Diagnostic, codes};

pub(super) fn unknown_task(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let mut suggestions = Suggestions::default();
    let mut found = Vec::new();
    for reading in checked.readings.iter().filter(|reading| reading.counts()) {
        // A trigger sees the outputs of the execution that starts it.
        if reading.part == Part::Triggers {
            continue;
        }
        for reference in ["outputs", "tasks"].into_iter().flat_map(|root| reading.bare_in(root)) {
            let Some(id) = reference.path.get(1) else { continue };
            if checked.tree.path_of(id).is_some() {
                continue;
            }
            let position = checked.locations.within(reading, reference.line, reference.column);
            let problem =
                Diagnostic::warning(codes::UNKNOWN_TASK, position, format!("the flow has no task '{id}'"));
            found.push(match suggestions.near(id, checked.tree.ids()) {
                Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
                None => problem.with_hint("name a task of this flow, or give a value with ??"),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{of_tasks, reads};

    fn of(expression: &str) -> Vec<String> {
        let first = reads("first", "flow.id");
        let split = "{id: each, type: io.kestra.plugin.core.flow.ForEachItem, items: '{{ outputs.first.uri }}', namespace: n, flowId: other, inputs: {file: '{{ taskrun.items }}'}}";
        of_tasks(&format!("  - {first}\n  - {split}\n  - {}\n", reads("last", expression)))
    }

    #[test]
    fn unknown_tasks_are_told() {
        assert_eq!(
            of("outputs.frist.value"),
            ["warning[SEG0404]: the flow has no task 'frist' => did you mean 'first'?"]
        );
        assert_eq!(
            of("tasks.nobody.state"),
            [
                "warning[SEG0404]: the flow has no task 'nobody' => name a task of this flow, or give a value with ??"
            ]
        );
    }

    #[test]
    fn known_and_guarded_ones_are_not() {
        for expression in [
            "outputs.first.value",
            "outputs['first']['value']",
            "outputs.each_merge.subflowOutputs",
            "outputs[vars.path].x",
            "outputs.nobody.value ?? 'x'",
            "tasks.first.state",
            "currentEachOutput(outputs)",
        ] {
            assert_eq!(of(expression), [""; 0], "{expression}");
        }
    }
}
