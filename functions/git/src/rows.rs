//! What a sync or a push changes, as a file in Ion with one row for each flow or file.

use segue_model::Json;
use segue_task::{TaskContext, TaskError, ion};
use serde::Serialize;

/// What a sync does with a flow or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SyncState {
    /// It is new.
    Added,
    /// The flow gets a new revision.
    Updated,
    /// The file is replaced.
    Overwritten,
    /// It is the same already.
    Unchanged,
    /// It is not in Git any more.
    Deleted,
}

/// Writes rows into a file of internal storage, and returns its URI.
///
/// # Errors
/// As [`segue_ports::InternalStorage::put`].
pub(crate) async fn store(context: &TaskContext, rows: &[Json]) -> Result<String, TaskError> {
    let text: String = rows.iter().map(|row| ion::to_string(row) + "\n").collect();
    Ok(context.storage().put_text(&context.storage_path("diff.ion"), text).await?)
}

/// How many rows have each state, for the log.
pub(crate) fn count(states: impl Iterator<Item = SyncState>) -> String {
    let mut counts = [0usize; 5];
    for state in states {
        if let Some(count) = counts.get_mut(state as usize) {
            *count += 1;
        }
    }
    let [added, updated, overwritten, unchanged, deleted] = counts;
    format!("{added} added, {} changed, {deleted} deleted, {unchanged} unchanged", updated + overwritten)
}
