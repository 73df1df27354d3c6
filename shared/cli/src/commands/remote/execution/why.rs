//! Says why an execution failed: the last errors of its log.

use crate::client::Session;
use segue_api_types::{Execution, LogEntry};
use segue_model::state::State;

/// The number of errors that are shown.
const MOST: usize = 3;

/// The last errors of a failed execution, one line each. Empty for every other state, and if the log cannot be read,
/// because the state was already told.
pub(super) async fn lines(session: &Session, shown: &Execution) -> Vec<String> {
    if shown.state.current != State::Failed {
        return Vec::new();
    }
    let call = session.client.get(&["logs", &shown.id]).with("minLevel", "ERROR");
    let Ok(errors) = call.read::<Vec<LogEntry>>().await else { return Vec::new() };
    let skipped = errors.value.len().saturating_sub(MOST);
    let mut lines: Vec<String> = errors.value.into_iter().skip(skipped).map(line).collect();
    if skipped > 0 {
        lines.push(format!("{skipped} earlier errors: segue execution logs {} --level ERROR", shown.id));
    }
    lines
}

fn line(entry: LogEntry) -> String {
    match entry.task_id {
        Some(task) => format!("{task}: {}", entry.message),
        None => entry.message,
    }
}
