//! Finds `trigger.x` in a flow without triggers (docs/kestra.md 3.2). A flow that is called as a subflow also has
//! `trigger`, with values about the caller.

use super::Checked;
use super::readings::Part;
use segue_model::diagnostic::{Diagnostic, codes};

/// The values of `trigger` in a subflow.
const OF_CALLER: [&str; 4] = ["executionId", "namespace", "flowId", "flowRevision"];

pub(super) fn no_trigger(checked: &Checked<'_>) -> Vec<Diagnostic> {
    if !checked.flow.triggers.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let counted = |part: Part| matches!(part, Part::Task | Part::Outputs | Part::Inputs);
    for reading in checked.readings.iter().filter(|reading| reading.counts() && counted(reading.part)) {
        for reference in ["trigger", "schedule"].into_iter().flat_map(|root| reading.bare_in(root)) {
            let Some(key) = reference.path.get(1) else { continue };
            if OF_CALLER.contains(&key.as_str()) {
                continue;
            }
            let path = reference.path.join(".");
            let position = checked.locations.within(reading, reference.line, reference.column);
            let message = format!("'{path}' is never there: the flow has no triggers");
            let hint = match key.as_str() {
                "date" => format!("add a trigger, or write {path} ?? execution.startDate"),
                _ => "add a trigger, or give a value with ??".to_owned(),
            };
            found.push(Diagnostic::warning(codes::NO_TRIGGER, position, message).with_hint(hint));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{messages, of_tasks, reads};

    #[test]
    fn a_flow_without_triggers_has_no_trigger() {
        let of = |expression: &str| of_tasks(&format!("  - {}\n", reads("a", expression)));
        assert_eq!(
            of("trigger.date | date('yyyy')"),
            [
                "warning[SEG0407]: 'trigger.date' is never there: the flow has no triggers => add a trigger, or write trigger.date ?? execution.startDate"
            ]
        );
        assert_eq!(of("trigger.body.x").len(), 1);
        assert_eq!(of("trigger.date ?? execution.startDate"), [""; 0]);
        assert_eq!(of("trigger.executionId"), [""; 0]);
    }

    #[test]
    fn a_flow_with_one_has() {
        let flow = format!(
            "id: f\nnamespace: n\ntasks: [{}]\ntriggers: [{{id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 * * *'}}]\n",
            reads("a", "trigger.date")
        );
        assert_eq!(messages(&flow), [""; 0]);
    }
}
