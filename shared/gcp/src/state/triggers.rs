//! States of triggers: documents with the due time of the next slot.

use super::search::lineage;
use super::{Store, counted};
use crate::database::Database;
use crate::database::document::{BODY, Fields, Found, instant, int, list as list_of, nanos, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::query::{Is, Query};
use crate::database::write::{When, delete as delete_document};
use jiff::Timestamp;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::schedule::{TriggerFilter, Versioned};

const COLLECTION: &str = "triggers";

fn path(db: &Database, key: &TriggerKey) -> String {
    db.path(COLLECTION, &document_id(&[&key.namespace, &key.flow_id, &key.trigger_id]))
}

fn read(found: &Found) -> Result<TriggerState, DbError> {
    Ok(serde_json::from_str(found.body_text("trigger")?)?)
}

pub(super) async fn get(store: &Store, key: &TriggerKey) -> Result<Option<Versioned<TriggerState>>, DbError> {
    let found = counted::get(store, &path(&store.db, key)).await?;
    found.map(|(found, version)| Ok(Versioned { value: read(&found)?, version })).transpose()
}

pub(super) async fn put(store: &Store, state: &TriggerState, version: u64) -> Result<u64, DbError> {
    let key = &state.key;
    let waits = !state.disabled && state.execution_id.is_none();
    let due = state.next_execution_date.filter(|_| waits).map(|due| int(nanos(due)));
    let fields = Fields::default()
        .with("namespaces", list_of(lineage(&key.namespace).into_iter().map(text)))
        .with("flow", text(&*key.flow_id))
        .with_some("due", due)
        .body("trigger", text(serde_json::to_string(state)?));
    let path = path(&store.db, key);
    if version == 0 {
        return counted::make(store, path, fields).await;
    }
    counted::change(store, path, fields, &["namespaces", "flow", "due", BODY], version).await
}

pub(super) async fn delete(db: &Database, key: &TriggerKey) -> Result<bool, DbError> {
    let path = path(db, key);
    if db.get(&path).await?.is_none() {
        return Ok(false);
    }
    db.commit(vec![delete_document(path, When::Always)]).await?;
    Ok(true)
}

pub(super) async fn list(db: &Database, filter: &TriggerFilter) -> Result<Vec<TriggerState>, DbError> {
    let mut query = Query::on(db.collection(COLLECTION));
    if let Some(namespace) = &filter.namespace {
        query = query.and("namespaces", Is::ArrayContains, text(&**namespace));
    }
    if let Some(flow) = &filter.flow_id {
        query = query.and("flow", Is::Equal, text(&**flow));
    }
    let mut states: Vec<TriggerState> = db.query(query).await?.iter().map(read).collect::<Result<_, _>>()?;
    states.sort_by(|left, right| left.key.cmp(&right.key));
    Ok(states)
}

/// The number of triggers with a state.
pub(super) async fn count(db: &Database) -> Result<u64, DbError> {
    db.count(Query::on(db.collection(COLLECTION))).await
}

pub(super) async fn due(db: &Database, now: Timestamp, limit: u32) -> Result<Vec<TriggerKey>, DbError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let query = Query::on(db.collection(COLLECTION))
        .and("due", Is::LessThanOrEqual, int(nanos(now)))
        .ascending("due")
        .limit(limit);
    db.query(query).await?.iter().map(|found| Ok(read(found)?.key)).collect()
}

pub(super) async fn next(db: &Database) -> Result<Option<Timestamp>, DbError> {
    let query = Query::on(db.collection(COLLECTION)).ascending("due").limit(1);
    let found = db.query(query).await?;
    found.first().map(|found| Ok(instant(found.int("due")?))).transpose()
}
