//! Finds `taskrun.value`, `parent` and `item` outside of loops (docs/kestra.md 3.2, 3.3).

use super::Checked;
use super::readings::{Part, Reading};
use super::tree::{flowable, repeats};
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::task::FlowableKind;

pub(super) fn outside_loop(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for reading in checked.readings.iter().filter(|reading| reading.counts() && reading.part == Part::Task) {
        let surroundings = Surroundings::of(checked, reading);
        for reference in reading.bare() {
            let Some(needed) = surroundings.lacks(&reference.path) else { continue };
            let position = checked.locations.within(reading, reference.line, reference.column);
            let message = format!("'{}' exists only {needed}", reference.path.join("."));
            let hint = "move the task there, or give a value with ??";
            found.push(Diagnostic::warning(codes::OUTSIDE_LOOP, position, message).with_hint(hint));
        }
    }
    found
}

/// The flowables around a task.
struct Surroundings {
    flowable: bool,
    for_each: bool,
    repeats: bool,
    /// Whether the task is itself a ForEachItem or a loop.
    is_for_each_item: bool,
    is_loop: bool,
}

impl Surroundings {
    fn of(checked: &Checked<'_>, reading: &Reading<'_>) -> Self {
        let path = reading.task.as_deref().unwrap_or_default();
        let own = checked.tree.task(path).and_then(flowable);
        Self {
            flowable: !checked.tree.above(path).is_empty(),
            for_each: checked.tree.is_inside(path, |kind| matches!(kind, FlowableKind::ForEach(_))),
            repeats: checked.tree.is_inside(path, repeats),
            is_for_each_item: matches!(own, Some(FlowableKind::ForEachItem(_))),
            is_loop: own.is_some_and(repeats),
        }
    }

    /// The place in which the path exists, if it does not exist here. `None` if it exists here.
    fn lacks(&self, path: &[String]) -> Option<&'static str> {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let (is_here, needed) = match keys.as_slice() {
            ["taskrun", "value", ..] | ["item", ..] => (self.for_each, "inside a ForEach"),
            ["taskrun", "iteration", ..] => {
                (self.repeats || self.is_loop || self.is_for_each_item, "inside a loop")
            }
            ["taskrun", "items", ..] => (self.is_for_each_item, "in the inputs of a ForEachItem"),
            ["parent", "taskrun", "value", ..] | ["parents", _, "taskrun", "value", ..] => {
                (self.for_each, "inside a ForEach")
            }
            ["parent", ..] => (self.flowable, "inside a flowable task"),
            _ => return None,
        };
        (!is_here).then_some(needed)
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{of_tasks, reads};

    fn of(tasks: &str) -> Vec<String> {
        of_tasks(&format!("  - {tasks}\n"))
    }

    #[test]
    fn outside_of_loops_their_values_are_told() {
        assert_eq!(
            of(&reads("a", "taskrun.value")),
            [
                "warning[SEG0408]: 'taskrun.value' exists only inside a ForEach => move the task there, or give a value with ??"
            ]
        );
        for expression in [
            "item.value",
            "taskrun.iteration",
            "taskrun.items",
            "parent.outputs.x",
            "parents[0].taskrun.value",
        ] {
            assert_eq!(of(&reads("a", expression)).len(), 1, "{expression}");
        }
        let branch = |child: &str| {
            format!("{{id: i, type: io.kestra.plugin.core.flow.If, condition: x, then: [{child}]}}")
        };
        assert_eq!(of(&branch(&reads("a", "parent.taskrun.value"))).len(), 1);
        assert_eq!(of(&branch(&reads("a", "parent.outputs.evaluationResult"))), [""; 0]);
    }

    #[test]
    fn inside_they_are_there() {
        for kind in ["ForEach", "Loop", "EachSequential", "EachParallel"] {
            let values = if kind.starts_with("Each") { "value" } else { "values" };
            let each = |child: &str| {
                format!("{{id: e, type: io.kestra.plugin.core.flow.{kind}, {values}: [1], tasks: [{child}]}}")
            };
            for expression in ["taskrun.value", "item.index", "taskrun.iteration"] {
                assert_eq!(of(&each(&reads("a", expression))), [""; 0], "{kind} {expression}");
            }
            let deep = format!(
                "{{id: i, type: io.kestra.plugin.core.flow.If, condition: \"{{{{ taskrun.value }}}}\", then: [{}]}}",
                reads("a", "parent.taskrun.value ~ parents[0].taskrun.value")
            );
            assert_eq!(of(&each(&deep)), [""; 0], "{kind}");
        }
        for expression in ["taskrun.id ~ taskrun.attemptsCount", "taskrun.value ?? 'x'", "taskrun"] {
            assert_eq!(of(&reads("a", expression)), [""; 0], "{expression}");
        }
    }
}
