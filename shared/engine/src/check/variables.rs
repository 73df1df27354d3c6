//! Finds `vars.x` of variables that the flow does not have (docs/kestra.md 3.2). If a task of the flow sets variables,
//! nothing is reported, because the task may set any variable.

use super::Checked;
use segue_model::Suggestions;
use segue_model::diagnostic::{Diagnostic, codes};

const SET_VARIABLES: &str = "io.kestra.plugin.core.execution.SetVariables";

pub(super) fn unknown_variable(checked: &Checked<'_>) -> Vec<Diagnostic> {
    if checked.tree.tasks().any(|(_, task)| task.type_name == SET_VARIABLES) {
        return Vec::new();
    }
    let variables = &checked.flow.variables;
    let mut suggestions = Suggestions::default();
    let mut found = Vec::new();
    for reading in checked.readings.iter().filter(|reading| reading.counts()) {
        for reference in reading.bare_in("vars") {
            let Some(name) = reference.path.get(1) else { continue };
            if variables.contains_key(name) {
                continue;
            }
            let position = checked.locations.within(reading, reference.line, reference.column);
            let message = format!("the flow has no variable '{name}'");
            let problem = Diagnostic::warning(codes::UNKNOWN_VARIABLE, position, message);
            found.push(match suggestions.near(name, variables.keys().map(String::as_str)) {
                Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
                None => problem.with_hint("set it under 'variables', or give a value with ??"),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{of_tasks, reads};

    #[test]
    fn unknown_variables_are_told() {
        let of = |expression: &str| of_tasks(&format!("  - {}\n", reads("a", expression)));
        assert_eq!(
            of("render(vars.pth)"),
            ["warning[SEG0406]: the flow has no variable 'pth' => did you mean 'path'?"]
        );
        assert_eq!(of("vars.path ~ render(vars.file) ~ (vars.none ?? 'x') ~ vars[inputs.name]"), [""; 0]);
    }

    #[test]
    fn a_task_may_set_them() {
        let set = "{id: s, type: io.kestra.plugin.core.execution.SetVariables, variables: {none: 1}}";
        assert_eq!(of_tasks(&format!("  - {set}\n  - {}\n", reads("a", "vars.none"))), [""; 0]);
    }
}
