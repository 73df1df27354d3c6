//! Checks that the default of an input is a valid value of the input (docs/kestra.md 1.2).

use super::Checked;
use crate::inputs::default_problem;
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::input::Input;
use segue_model::task::FlowableKind;

pub(super) fn invalid_default(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    check(checked, "/inputs", &checked.flow.inputs, &mut found);
    for (path, task) in checked.tree.tasks() {
        if let Some(FlowableKind::Pause(pause)) = super::tree::flowable(task) {
            check(checked, &format!("{path}/onResume"), &pause.on_resume, &mut found);
        }
    }
    found
}

/// A warning, because an execution with a value of its own is accepted.
fn check(checked: &Checked<'_>, path: &str, inputs: &[Input], found: &mut Vec<Diagnostic>) {
    for (index, input) in inputs.iter().enumerate() {
        let Some(why) = default_problem(input) else { continue };
        let position = checked.locations.of(&format!("{path}/{index}/defaults"));
        let message = format!("the default of input '{}' is not valid: {why}", input.id);
        found.push(
            Diagnostic::warning(codes::INVALID_DEFAULT, position, message)
                .with_hint("change 'defaults'; an execution without this input is refused"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::told;

    fn of(input: &str) -> String {
        told(&format!("id: f\nnamespace: n\ninputs:\n  - {input}\ntasks: [{{id: t, type: test.Any}}]\n"))
    }

    #[test]
    fn a_default_that_every_execution_refuses_is_told_at_its_position() {
        for (input, column) in [
            ("{id: a, type: INT, defaults: abc}", 34),
            ("{id: a, type: INT, max: 3, defaults: 4}", 42),
            ("{id: a, type: SELECT, values: [a, b], defaults: c}", 53),
            ("{id: a, type: DATE, defaults: '2024-13-01'}", 35),
            ("{id: a, type: STRING, validator: '[a-z]+', defaults: '7'}", 58),
        ] {
            let told = of(input);
            assert!(told.starts_with(&format!("4:{column}: warning[SEG0412]")), "{input}: {told}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }

    #[test]
    fn a_valid_or_unknown_default_is_not() {
        for input in [
            "{id: a, type: INT, defaults: 3}",
            "{id: a, type: INT, defaults: '{{ 1 + 2 }}'}",
            "{id: a, type: SELECT, values: [a, b], defaults: b}",
            "{id: a, type: SELECT, values: [a, b], allowCustomValue: true, defaults: c}",
            "{id: a, type: FILE, defaults: 'nsfile:///a.csv'}",
            "{id: a, type: JSON, defaults: '{\"a\": 1}'}",
            "{id: a, type: ARRAY, itemType: INT, defaults: [1, 2]}",
            "{id: a, type: BOOLEAN, defaults: maybe}",
        ] {
            assert_eq!(of(input), "", "{input}");
        }
    }
}
