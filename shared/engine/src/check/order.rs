//! Finds `outputs.x` of a task that is disabled, that runs only after the reader, or that runs only if the reader does
//! not run (docs/kestra.md 3.3). In loops, the reader may mean the outputs of the last iteration, so nothing is
//! reported.

use super::Checked;
use super::readings::{Part, Reading};
use super::tree::{Tree, branch, flowable, repeats};
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::task::{DagTask, FlowableKind};
use std::collections::BTreeSet;

/// The largest number of comparisons for all Dags of a flow.
const MOST_STEPS: usize = 1_000_000;

/// Why the outputs cannot exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Disabled,
    Itself,
    Later,
    OtherBranch,
}

pub(super) fn outputs_not_there(checked: &Checked<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut steps = MOST_STEPS;
    for reading in checked.readings.iter().filter(|reading| reading.counts()) {
        if !matches!(reading.part, Part::Task | Part::Outputs) {
            continue;
        }
        for reference in reading.bare_in("outputs") {
            let Some(id) = reference.path.get(1) else { continue };
            let Some(target) = checked.tree.path_of(id) else { continue };
            let Some(reason) = reason(&checked.tree, reading, target, &mut steps) else { continue };
            let (why, hint) = match reason {
                Reason::Disabled => ("is disabled", "enable it, or give a value with ??"),
                Reason::Itself => (
                    "has not ended when its own properties are rendered",
                    "read the outputs of an earlier task",
                ),
                Reason::Later => (
                    "runs later than the reader of the outputs",
                    "move it before the reader, or give a value with ??",
                ),
                Reason::OtherBranch => {
                    ("is in another branch than the reader of the outputs", "give a value with ??")
                }
            };
            let position = checked.locations.within(reading, reference.line, reference.column);
            let message = format!("task '{id}' has no outputs here: it {why}");
            found.push(Diagnostic::warning(codes::OUTPUTS_NOT_THERE, position, message).with_hint(hint));
        }
    }
    found
}

fn reason(tree: &Tree<'_>, reading: &Reading<'_>, target: &str, steps: &mut usize) -> Option<Reason> {
    if tree.is_disabled(target) {
        return Some(Reason::Disabled);
    }
    let Some(reader) = reading.task.as_deref() else {
        // The outputs of the flow are computed after all tasks except `afterExecution`.
        return target.starts_with("/afterExecution/").then_some(Reason::Later);
    };
    if reader == target {
        let is_flowable = tree.task(reader).and_then(flowable).is_some();
        return (!is_flowable && !tree.is_inside(reader, repeats)).then_some(Reason::Itself);
    }
    if is_below(reader, target) {
        return None;
    }
    if is_below(target, reader) {
        // These flowables read the outputs of their children.
        let looks_back = tree.task(reader).and_then(flowable).is_some_and(|kind| {
            matches!(kind, FlowableKind::LoopUntil(_) | FlowableKind::WorkingDirectory(_))
        });
        return (!looks_back && !tree.is_inside(reader, repeats)).then_some(Reason::Later);
    }
    let common = tree.common(reader, target);
    let is_repeated = |path: &str| tree.task(path).and_then(flowable).is_some_and(repeats);
    if is_repeated(common) || tree.is_inside(common, repeats) {
        return None;
    }
    between(tree.task(common).and_then(flowable), common, reader, target, steps)
}

/// The reason for two tasks in lists of the same flowable, or of the flow. `None` if the outputs may exist.
fn between(
    kind: Option<&FlowableKind>,
    common: &str,
    reader: &str,
    target: &str,
    steps: &mut usize,
) -> Option<Reason> {
    let (reader, target) = (branch(common, reader), branch(common, target));
    if reader.list == target.list {
        let is_later = match kind {
            Some(FlowableKind::Parallel { .. }) if reader.list == "tasks" => false,
            Some(FlowableKind::Dag { tasks, .. }) if reader.list == "tasks" => {
                waits_for(tasks, target.index, reader.index, steps)
            }
            _ => target.index > reader.index,
        };
        return is_later.then_some(Reason::Later);
    }
    match rank(target.list).cmp(&rank(reader.list)) {
        std::cmp::Ordering::Greater => Some(Reason::Later),
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => {
            let is_choice = matches!(kind, Some(FlowableKind::If { .. } | FlowableKind::Switch { .. }));
            is_choice.then_some(Reason::OtherBranch)
        }
    }
}

/// The place of a list in the order in which a flowable or flow runs its lists.
fn rank(list: &str) -> u8 {
    match list {
        "onPause" => 0,
        "errors" => 2,
        "finally" => 3,
        "afterExecution" => 4,
        _ => 1,
    }
}

/// Whether a child of a Dag runs only after another child. False if the answer takes too many steps.
fn waits_for(tasks: &[DagTask], waiting: usize, other: usize, steps: &mut usize) -> bool {
    let Some(other) = tasks.get(other).map(|node| node.task.id.as_str()) else { return false };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&DagTask> = tasks.get(waiting).into_iter().collect();
    while let Some(node) = left.pop() {
        for id in node.depends_on.iter().map(String::as_str) {
            if id == other {
                return true;
            }
            if seen.insert(id) {
                match steps.checked_sub(tasks.len()) {
                    Some(left) => *steps = left,
                    None => return false,
                }
                left.extend(tasks.iter().filter(|node| node.task.id == id));
            }
        }
    }
    false
}

fn is_below(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{messages, of_tasks, reads};

    const FLOW: &str = "io.kestra.plugin.core.flow";

    /// The reported reasons for these tasks.
    fn why(tasks: &[&str]) -> Vec<String> {
        let tasks: String = tasks.iter().map(|task| format!("  - {task}\n")).collect();
        of_tasks(&tasks).iter().map(|told| cut(told)).collect()
    }

    fn cut(told: &str) -> String {
        assert!(told.starts_with("warning[SEG0405]"), "{told}");
        told.split("here: it ").nth(1).unwrap().split(" => ").next().unwrap().to_owned()
    }

    const LATER: &str = "runs later than the reader of the outputs";

    #[test]
    fn later_ones_are_told() {
        let (a, b) = (reads("a", "outputs.b.x"), reads("b", "flow.id"));
        assert_eq!(why(&[&a, &b]), [LATER]);
        assert_eq!(why(&[&b, &a]), [""; 0]);
        assert_eq!(why(&[&reads("a", "outputs.b.x ?? 1"), &b]), [""; 0]);
        assert_eq!(
            why(&[&reads("a", "outputs.a.x")]),
            ["has not ended when its own properties are rendered"]
        );
        let off = b.replace("type", "disabled: true, type");
        assert_eq!(why(&[&off, &a]), ["is disabled"]);
        // A disabled task reads nothing.
        assert_eq!(why(&[&a.replace("type", "disabled: true, type"), &b]), [""; 0]);
    }

    #[test]
    fn children_and_branches() {
        let (a, b) = (reads("a", "outputs.b.x"), reads("b", "flow.id"));
        let choice = |condition: &str, then: &str, other: &str| {
            format!("{{id: i, type: {FLOW}.If, condition: \"{condition}\", then: [{then}], else: [{other}]}}")
        };
        assert_eq!(why(&[&choice("x", &a, &b)]), ["is in another branch than the reader of the outputs"]);
        assert_eq!(
            why(&[&choice("{{ outputs.b.x }}", &b, &reads("c", "outputs.i.evaluationResult"))]),
            [LATER]
        );
        assert_eq!(why(&[&choice("x", &b, &reads("c", "flow.id")), &a]), [""; 0]);
        let caught = |child: &str, error: &str| {
            format!("{{id: s, type: {FLOW}.Sequential, tasks: [{child}], errors: [{error}]}}")
        };
        assert_eq!(why(&[&caught(&a, &b)]), [LATER]);
        assert_eq!(why(&[&caught(&b, &a)]), [""; 0]);
    }

    #[test]
    fn side_by_side_and_in_loops_nothing_is_told() {
        let (a, b) = (reads("a", "outputs.b.x"), reads("b", "outputs.a.x"));
        assert_eq!(why(&[&format!("{{id: p, type: {FLOW}.Parallel, tasks: [{a}, {b}]}}")]), [""; 0]);
        assert_eq!(
            why(&[&format!("{{id: e, type: {FLOW}.ForEach, values: [1], tasks: [{a}, {b}]}}")]),
            [""; 0]
        );
        let condition = "{{ outputs.a.x }}";
        assert_eq!(
            why(&[&format!(
                "{{id: u, type: {FLOW}.LoopUntil, condition: \"{condition}\", tasks: [{a}, {b}]}}"
            )]),
            [""; 0]
        );
        let dag = |needed_by_a: &str, needed_by_b: &str| {
            let (a, b) = (&a, reads("b", "flow.id"));
            format!(
                "{{id: d, type: {FLOW}.Dag, tasks: [{{task: {a}{needed_by_a}}}, {{task: {b}{needed_by_b}}}]}}"
            )
        };
        assert_eq!(why(&[&dag("", ", dependsOn: [a]")]), [LATER]);
        assert_eq!(why(&[&dag(", dependsOn: [b]", "")]), [""; 0]);
        assert_eq!(why(&[&dag("", "")]), [""; 0]);
    }

    #[test]
    fn lists_of_the_flow_follow_each_other() {
        let flow = |finally: &str, after: &str, output: &str| {
            messages(&format!(
                "id: f\nnamespace: n\ntasks: [{}]\nerrors: [{}]\nfinally: [{finally}]\nafterExecution: [{after}]\noutputs: [{{id: o, type: STRING, value: \"{output}\"}}]\n",
                reads("a", "flow.id"),
                reads("e", "outputs.a.x"),
            ))
            .iter()
            .map(|told| cut(told))
            .collect::<Vec<_>>()
        };
        let (z, y) = (reads("z", "outputs.a.x ~ outputs.e.x"), reads("y", "outputs.z.x"));
        assert_eq!(flow(&z, &y, "{{ outputs.z.x }}"), [""; 0]);
        assert_eq!(
            flow(&reads("z", "outputs.y.x"), &reads("y", "flow.id"), "{{ outputs.y.x }}"),
            [LATER, LATER]
        );
    }
}
