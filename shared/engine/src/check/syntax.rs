//! Finds templates that cannot be parsed, and calls of unknown functions, filters and tests (docs/kestra.md 3.1, 3.4,
//! 3.6, 3.7).

use super::Checked;
use super::readings::{Part, Reading};
use segue_model::diagnostic::{Diagnostic, Severity, codes};
use segue_model::suggest;
use segue_template::{Reach, RenderError, Renderer, filter_names, function_names, test_names};
use std::collections::BTreeSet;

pub(super) fn syntax(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let renderer = Renderer::new();
    let rendered = rendered_variables(checked);
    let mut found = Vec::new();
    for reading in &checked.readings {
        // A variable that is never rendered is a plain text, not a template.
        if reading.part == Part::Variables && !rendered.covers(reading.at.path.split('/').nth(2)) {
            continue;
        }
        let Err(error) = renderer.check(reading.at.text) else { continue };
        let Some(mut problem) = problem(checked, reading, error) else { continue };
        // Only some properties of a trigger are rendered. The others are plain texts.
        if reading.is_disabled || matches!(reading.part, Part::Variables | Part::Triggers) {
            problem.severity = Severity::Warning;
        }
        found.push(problem);
    }
    found
}

fn problem(checked: &Checked<'_>, reading: &Reading<'_>, error: RenderError) -> Option<Diagnostic> {
    match error {
        RenderError::Syntax { message, line, column } => Some(
            Diagnostic::error(
                codes::EXPRESSION_SYNTAX,
                checked.locations.within(reading, line, column),
                format!("the expression cannot be read: {message}"),
            )
            .with_hint("fix the expression, or put plain text between {% raw %} and {% endraw %}"),
        ),
        RenderError::Failed { message, line, .. } => {
            let name =
                message.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(name, _)| name);
            let column = name.and_then(|name| column_of(reading.at.text, line, name)).unwrap_or(1);
            let position = checked.locations.within(reading, line, column);
            let near = name.and_then(|name| match message.split(' ').next() {
                Some("Function") => suggest(name, function_names()),
                Some("Filter") => suggest(name, filter_names()),
                _ => suggest(name, test_names()),
            });
            let problem = Diagnostic::error(codes::UNKNOWN_FUNCTION, position, message.trim_end_matches('.'));
            Some(match near {
                Some(near) => problem.with_hint(format!("did you mean '{near}'?")),
                None => problem,
            })
        }
        RenderError::Pending
        | RenderError::Undefined { .. }
        | RenderError::OutOfFuel { .. }
        | RenderError::Stopped { .. } => None,
    }
}

/// The column of a name in a line of a template, from 1.
fn column_of(text: &str, line: u32, name: &str) -> Option<u32> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let before = line.get(..line.find(name)?)?.chars().count();
    u32::try_from(before + 1).ok()
}

/// The variables of a flow that `render()` may render.
enum Rendered {
    All,
    Names(BTreeSet<String>),
}

impl Rendered {
    fn covers(&self, name: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => name.is_some_and(|name| names.contains(name)),
        }
    }
}

/// The variables in `vars` that a template renders again, and the variables that these variables use.
fn rendered_variables(checked: &Checked<'_>) -> Rendered {
    let mut names = BTreeSet::new();
    for reading in &checked.readings {
        let Ok(used) = &reading.used else { continue };
        if !used.dynamic && reading.part != Part::Variables {
            continue;
        }
        match used.roots.get("vars") {
            Some(Reach::All) if used.dynamic => return Rendered::All,
            Some(Reach::Names(reached)) => names.extend(reached.iter().cloned()),
            Some(Reach::All) | None => {}
        }
    }
    Rendered::Names(names)
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{messages, of_tasks, told, with_tasks};

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let source = with_tasks("  - {id: a, type: test.Any, x: 'ab {{ inputs.name ', y: '{% if true %}'}\n");
        let told = told(&source);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 2, "{told}");
        assert!(
            lines.iter().all(|line| line.contains("error[SEG0401]: the expression cannot be read: ")),
            "{told}"
        );
    }

    #[test]
    fn what_is_called_must_exist() {
        let of = |expression: &str| {
            of_tasks(&format!("  - {{id: a, type: test.Any, x: \"{{{{ {expression} }}}}\"}}\n")).join("\n")
        };
        assert_eq!(
            of("nwo()"),
            "error[SEG0402]: Function or Macro [nwo] does not exist => did you mean 'now'?"
        );
        assert_eq!(of("'a' | uper"), "error[SEG0402]: Filter [uper] does not exist => did you mean 'upper'?");
        assert_eq!(
            of("flow.id is defned"),
            "error[SEG0402]: Test [defned] does not exist => did you mean 'defined'?"
        );
        assert_eq!(of("'a' | upper ~ now() ~ (flow.id is defined)"), "");
    }

    #[test]
    fn what_may_never_be_rendered_is_no_error() {
        let flow = |variable: &str, task: &str| {
            messages(&format!(
                "id: f\nnamespace: n\nvariables: {{names: '{variable}'}}\ntasks: [{{id: a, type: test.Any, {task}}}]\n"
            ))
        };
        assert_eq!(flow("{{.Names}}", "x: '{{ vars.names }}'"), [""; 0]);
        assert!(flow("{{.Names}}", "x: '{{ render(vars.names) }}'")[0].starts_with("warning[SEG0401]"));
        assert!(flow("", "disabled: true, x: '{{.Names}}'")[0].starts_with("warning[SEG0401]"));
    }
}
