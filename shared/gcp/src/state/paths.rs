//! Where executions, their attempts and their lines are in Firestore.

use crate::database::Database;
use crate::database::names::document_id;
use segue_model::id::ExecutionId;

/// The collection of executions.
pub(super) const EXECUTIONS: &str = "executions";
/// The collection of attempts, below their execution.
pub(super) const ATTEMPTS: &str = "attempts";
/// The collection of log lines, below their execution.
pub(super) const LOGS: &str = "logs";

/// How often an operation is repeated after another process wrote first.
pub(super) const TRIES: u32 = 12;

/// The document of an execution.
pub(super) fn execution_path(db: &Database, id: &ExecutionId) -> String {
    db.path(EXECUTIONS, &document_id(&[id.as_str()]))
}
