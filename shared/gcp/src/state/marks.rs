//! Numbers that change when an execution or its log changes. A follower looks at them every few seconds, so a look
//! costs three reads at most, however long the log is.

use super::paths::{ATTEMPTS, LOGS, execution_path};
use crate::database::Database;
use crate::database::document::flag;
use crate::database::error::DbError;
use crate::database::query::{Is, Query};
use segue_model::id::ExecutionId;

/// The version of the execution's document. One read.
pub(super) async fn of_execution(db: &Database, execution: &ExecutionId) -> Result<Option<u64>, DbError> {
    // A field that no document has: only the version is needed.
    let mut snapshot = db.get_all(vec![execution_path(db, execution)], &["none"]).await?;
    Ok(snapshot.documents.pop().flatten().map(|found| found.version))
}

/// The number of documents with lines: those of appended lines, and those of attempts. Lines in the execution's own
/// document change its version. Two reads, for up to 1,000 documents of each kind.
pub(super) async fn of_log(db: &Database, execution: &ExecutionId) -> Result<u64, DbError> {
    let path = execution_path(db, execution);
    let chunks = Query::within(&path, db.collection(LOGS));
    let attempts = Query::within(&path, db.collection(ATTEMPTS)).and("logged", Is::Equal, flag(true));
    let (chunks, attempts) = futures::try_join!(db.count(chunks), db.count(attempts))?;
    Ok(of_counts(chunks, attempts))
}

/// The mark of a log with these numbers of documents.
pub(super) fn of_counts(chunks: u64, attempts: u64) -> u64 {
    chunks.saturating_mul(1 << 32).saturating_add(attempts)
}
