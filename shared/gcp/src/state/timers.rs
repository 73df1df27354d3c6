//! Timers: documents with a due date.

use crate::database::Database;
use crate::database::document::{Fields, Found, instant, int, nanos, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::query::{Is, Query};
use crate::database::write::{When, delete, put};
use firestore::gcloud_sdk::google::firestore::v1::Write;
use jiff::Timestamp;
use segue_model::id::ExecutionId;
use segue_ports::state::Timer;
use std::collections::BTreeMap;

const COLLECTION: &str = "timers";

fn path(db: &Database, execution: &ExecutionId, key: &str) -> String {
    db.path(COLLECTION, &document_id(&[execution.as_str(), key]))
}

/// Clears, then sets; one write for each timer.
pub(super) fn changes(
    db: &Database,
    execution: &ExecutionId,
    cleared: &[String],
    set: &[Timer],
) -> Vec<Write> {
    let mut writes = BTreeMap::new();
    for key in cleared {
        let path = path(db, execution, key);
        writes.insert(path.clone(), delete(path, When::Always));
    }
    for timer in set {
        let path = path(db, &timer.execution_id, &timer.key);
        let fields = Fields::default()
            .with("execution", text(timer.execution_id.as_str()))
            .with("due", int(nanos(timer.due)))
            .body("key", text(&*timer.key));
        writes.insert(path.clone(), put(path, fields, When::Always));
    }
    writes.into_values().collect()
}

pub(super) async fn set(db: &Database, timers: &[Timer]) -> Result<(), DbError> {
    db.commit(changes(db, &ExecutionId::from(""), &[], timers)).await?;
    Ok(())
}

pub(super) async fn due(db: &Database, now: Timestamp, limit: u32) -> Result<Vec<Timer>, DbError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let query = Query::on(db.collection(COLLECTION))
        .and("due", Is::LessThanOrEqual, int(nanos(now)))
        .ascending("due")
        .limit(limit);
    db.query(query).await?.iter().map(read).collect()
}

pub(super) async fn one(db: &Database, execution: &ExecutionId, key: &str) -> Result<Option<Timer>, DbError> {
    db.get(&path(db, execution, key)).await?.as_ref().map(read).transpose()
}

fn read(found: &Found) -> Result<Timer, DbError> {
    Ok(Timer {
        execution_id: found.text("execution")?.into(),
        key: found.body_text("key")?.to_owned(),
        due: instant(found.int("due")?),
    })
}

pub(super) async fn next(db: &Database) -> Result<Option<Timestamp>, DbError> {
    let query = Query::on(db.collection(COLLECTION)).ascending("due").limit(1);
    let found = db.query(query).await?;
    found.first().map(|found| Ok(instant(found.int("due")?))).transpose()
}

/// Removes a timer, unless it was set again since it was read.
pub(super) async fn clear(db: &Database, timer: &Timer) -> Result<(), DbError> {
    let path = path(db, &timer.execution_id, &timer.key);
    let Some(found) = db.get(&path).await? else { return Ok(()) };
    if found.int("due")? != nanos(timer.due) {
        return Ok(());
    }
    match db.commit(vec![delete(path, When::At(found.version))]).await {
        // The timer was set again or cleared by another process at this moment.
        Ok(_) | Err(DbError::Refused) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Deletes all timers of an execution.
pub(super) async fn of_execution(db: &Database, execution: &ExecutionId) -> Result<Vec<Write>, DbError> {
    let query =
        Query::on(db.collection(COLLECTION)).and("execution", Is::Equal, text(execution.as_str())).names();
    Ok(db.query(query).await?.into_iter().map(|found| delete(found.name, When::Always)).collect())
}
