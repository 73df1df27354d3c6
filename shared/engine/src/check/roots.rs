//! Finds expressions that begin with an unknown name (docs/kestra.md 3.2).

use super::Checked;
use super::readings::{Part, Reading};
use segue_model::catalog::RunBy;
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::suggest;

/// The root variables.
const ROOTS: [&str; 19] = [
    "flow",
    "execution",
    "task",
    "taskrun",
    "parent",
    "parents",
    "item",
    "inputs",
    "outputs",
    "tasks",
    "vars",
    "labels",
    "trigger",
    "schedule",
    "envs",
    "globals",
    "namespace",
    "kestra",
    "error",
];

/// Root variables of tasks that run in their own directory.
const OF_DIRECTORY: [&str; 5] = ["workingDir", "outputDir", "inputFiles", "outputFiles", "dbFilePath"];

/// Properties that are rendered for each row or entry. The fields of the row are root variables.
const OF_ROWS: [(&str, &str); 3] = [
    ("io.kestra.plugin.core.storage.FilterItems", "filterCondition"),
    ("io.kestra.plugin.core.storage.DeduplicateItems", "expr"),
    ("io.kestra.plugin.core.execution.Count", "expression"),
];

pub(super) fn unknown_root(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for reading in checked.readings.iter().filter(|reading| reading.counts()) {
        // The variables of a trigger's condition depend on the trigger.
        if reading.part == Part::Triggers {
            continue;
        }
        let Some(more) = more_roots(checked, reading) else { continue };
        for reference in reading.bare() {
            let Some(root) = reference.path.first().map(String::as_str) else { continue };
            if ROOTS.contains(&root) || more.contains(&root) {
                continue;
            }
            let position = checked.locations.within(reading, reference.line, reference.column);
            let message = format!("there is no variable '{root}'");
            let problem = Diagnostic::warning(codes::UNKNOWN_ROOT, position, message);
            found.push(match hint(checked, root, more) {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            });
        }
    }
    found
}

/// The additional root variables of a task. `None` if the task may have any root variable.
fn more_roots(checked: &Checked<'_>, reading: &Reading<'_>) -> Option<&'static [&'static str]> {
    let Some(task) = reading.task.as_deref().and_then(|path| checked.tree.task(path)) else {
        return Some(&[]);
    };
    if OF_ROWS.contains(&(task.type_name.as_str(), reading.property())) {
        return None;
    }
    // The root variables of an unknown type are unknown.
    match checked.catalog.get(&task.type_name)?.run_by {
        RunBy::Inline => Some(&[]),
        RunBy::Flowable | RunBy::Service(_) => Some(&OF_DIRECTORY),
    }
}

/// A hint for an unknown name: the same name after its root, or a similar root.
fn hint(checked: &Checked<'_>, name: &str, more: &[&'static str]) -> Option<String> {
    let within = if checked.flow.input(name).is_some() {
        Some("inputs")
    } else if checked.flow.variables.contains_key(name) {
        Some("vars")
    } else if checked.tree.path_of(name).is_some() {
        Some("outputs")
    } else {
        None
    };
    match within {
        Some(root) => Some(format!("write {root}.{name}")),
        None => {
            let near = suggest(name, ROOTS.iter().chain(more).copied())?;
            Some(format!("did you mean '{near}'?"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{of_tasks, reads};

    fn of(expression: &str) -> Vec<String> {
        of_tasks(&format!("  - {}\n", reads("a", expression)))
    }

    #[test]
    fn unknown_names_are_told() {
        assert_eq!(
            of("input.name"),
            ["warning[SEG0409]: there is no variable 'input' => did you mean 'inputs'?"]
        );
        assert_eq!(of("name"), ["warning[SEG0409]: there is no variable 'name' => write inputs.name"]);
        assert_eq!(of("path"), ["warning[SEG0409]: there is no variable 'path' => write vars.path"]);
        assert_eq!(of("zebra"), ["warning[SEG0409]: there is no variable 'zebra'"]);
    }

    #[test]
    fn names_of_the_template_and_known_ones_are_not() {
        assert_eq!(
            of("envs.x ~ globals.y ~ namespace.z ~ kestra.url ~ labels.a ~ workingDir ~ outputDir"),
            [""; 0]
        );
        assert_eq!(of("zebra ?? 'x'"), [""; 0]);
        let text = "{% set n = 1 %}{% for i in [1] %}{{ i ~ n ~ loop.index }}{% endfor %}";
        assert_eq!(of_tasks(&format!("  - {{id: a, type: test.Any, x: '{text}'}}\n")), [""; 0]);
    }

    #[test]
    fn a_task_that_runs_inline_has_no_directory() {
        let log = "  - {id: a, type: io.kestra.plugin.core.log.Log, message: '{{ workingDir }}'}\n";
        assert_eq!(of_tasks(log), ["warning[SEG0409]: there is no variable 'workingDir'"]);
    }
}
