//! Checks that the `validator` of an input is a valid pattern (docs/kestra.md 1.2).

use super::Checked;
use crate::inputs::pattern_problem;
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::input::{Input, InputKind};
use segue_model::task::FlowableKind;

pub(super) fn invalid_pattern(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    check(checked, "/inputs", &checked.flow.inputs, &mut found);
    for (path, task) in checked.tree.tasks() {
        if let Some(FlowableKind::Pause(pause)) = super::tree::flowable(task) {
            check(checked, &format!("{path}/onResume"), &pause.on_resume, &mut found);
        }
    }
    found
}

fn check(checked: &Checked<'_>, path: &str, inputs: &[Input], found: &mut Vec<Diagnostic>) {
    for (index, input) in inputs.iter().enumerate() {
        let (InputKind::String { validator: Some(pattern) } | InputKind::Secret { validator: Some(pattern) }) =
            &input.kind
        else {
            continue;
        };
        if let Some(why) = pattern_problem(pattern) {
            let position = checked.locations.of(&format!("{path}/{index}/validator"));
            let message = format!("input '{}': `{pattern}` is not a pattern: {why}", input.id);
            found.push(
                Diagnostic::error(codes::INVALID_PATTERN, position, message)
                    .with_hint("fix the regular expression; escape special characters, as in '\\.'"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::messages;

    #[test]
    fn a_broken_validator_is_told() {
        let flow = |pattern: &str| {
            format!(
                "id: f\nnamespace: n\ninputs: [{{id: a, type: STRING, validator: '{pattern}'}}]\ntasks: [{{id: t, type: test.Any}}]\n"
            )
        };
        assert_eq!(messages(&flow("[a-z]+(?=x)")), [""; 0]);
        let told = messages(&flow("(["));
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("input 'a': `([` is not a pattern: "), "{told:?}");
    }
}
