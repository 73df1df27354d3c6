//! The events of an execution, as a text that is the same in each run.

use super::case::{Case, label};
use crate::platform::End;
use segue_model::id::TaskRunId;
use segue_model::log::LogEntry;
use segue_model::state::StateHistory;
use segue_model::task_run::TaskRun;
use std::fmt::Write;

/// Compares the timeline with the file `timeline.snap` in the folder of the flow.
pub(crate) fn check(case: &Case, end: &End) {
    insta::with_settings!({
        snapshot_path => &case.folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => case.name.clone(),
    }, {
        insta::assert_snapshot!("timeline", text(end));
    });
}

fn text(end: &End) -> String {
    let mut out = format!("execution {}\n", states(&end.execution.state));
    let labels = end.execution.labels.iter().filter(|label| !label.key.starts_with("system."));
    for label in labels {
        let _ = writeln!(out, "  label {}={}", label.key, label.value);
    }
    for (name, value) in end.execution.outputs.iter().flatten() {
        let _ = writeln!(out, "  output {name} = {value}");
    }
    log(&mut out, end.logs.iter().filter(|entry| entry.task_run_id.is_none()), "  ");
    children(&mut out, end, None, 1);
    redacted(out, end)
}

/// Writes task runs below their parents. Siblings are sorted by iteration, and then by creation.
fn children(out: &mut String, end: &End, parent: Option<&TaskRunId>, depth: usize) {
    let mut runs: Vec<&TaskRun> =
        end.runs.iter().filter(|run| run.parent_task_run_id.as_ref() == parent).collect();
    runs.sort_by_key(|run| run.iteration);
    let indent = "  ".repeat(depth);
    for run in runs {
        let _ = writeln!(out, "{indent}{} {}", label(run), states(&run.state));
        for attempt in run.attempts.iter().filter(|_| run.attempts.len() > 1) {
            let _ = writeln!(out, "{indent}  attempt {}", states(&attempt.state));
        }
        for (name, value) in &run.outputs {
            let _ = writeln!(out, "{indent}  output {name} = {value}");
        }
        log(
            out,
            end.logs.iter().filter(|entry| entry.task_run_id.as_ref() == Some(&run.id)),
            &format!("{indent}  "),
        );
        children(out, end, Some(&run.id), depth + 1);
    }
}

fn log<'a>(out: &mut String, entries: impl Iterator<Item = &'a LogEntry>, indent: &str) {
    for entry in entries {
        let message = entry.message.replace('\n', &format!("\n{indent}  "));
        let _ = writeln!(out, "{indent}{} {message}", entry.level.as_str().to_lowercase());
    }
}

fn states(history: &StateHistory) -> String {
    history.histories().iter().map(|change| change.state.as_str()).collect::<Vec<_>>().join(" > ")
}

/// Replaces each id by the name of its object, because ids differ in each run.
fn redacted(mut text: String, end: &End) -> String {
    for run in &end.runs {
        text = text.replace(run.id.as_str(), &format!("<{}>", label(run)));
        if let Some(subflow) = run.outputs.get("executionId").and_then(|id| id.as_str()) {
            text = text.replace(subflow, &format!("<subflow of {}>", label(run)));
        }
    }
    text.replace(end.execution.id.as_str(), "<execution>")
}
