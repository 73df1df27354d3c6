//! Backfills, in the order of their requests.

use super::search::lineage;
use super::{Store, counted};
use crate::database::Database;
use crate::database::document::{BODY, Fields, Found, int, list as list_of, nanos, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::query::{Is, Query};
use segue_model::backfill::Backfill;
use segue_ports::schedule::{BackfillFilter, Versioned};
use segue_ports::{Clock as _, PortError, SystemClock};

const COLLECTION: &str = "backfills";
/// The largest backfill in bytes. It must fit into one document.
const MOST_BYTES: usize = 900 << 10;

fn path(db: &Database, id: &str) -> String {
    db.path(COLLECTION, &document_id(&[id]))
}

fn read(found: &Found) -> Result<Backfill, DbError> {
    Ok(serde_json::from_str(found.body_text("backfill")?)?)
}

pub(super) async fn get(store: &Store, id: &str) -> Result<Option<Versioned<Backfill>>, DbError> {
    let found = counted::get(store, &path(&store.db, id)).await?;
    found.map(|(found, version)| Ok(Versioned { value: read(&found)?, version })).transpose()
}

pub(super) async fn put(store: &Store, backfill: &Backfill, version: u64) -> Result<u64, DbError> {
    let json = serde_json::to_string(backfill)?;
    if json.len() > MOST_BYTES {
        return Err(PortError::invalid(format!(
            "backfill {}: its inputs and its {} open executions take {} bytes, more than {MOST_BYTES}; \
             give it a lower maxActive, and large inputs as files",
            backfill.id,
            backfill.active.len(),
            json.len()
        ))
        .into());
    }
    let key = &backfill.trigger;
    let fields = Fields::default()
        .with("namespaces", list_of(lineage(&key.namespace).into_iter().map(text)))
        .with("flow", text(&*key.flow_id))
        .with("trigger", text(&*key.trigger_id))
        .with("state", text(backfill.state.as_str()))
        .body("backfill", text(json));
    let path = path(&store.db, &backfill.id);
    if version == 0 {
        // A caller may request several backfills at the same time, so the order uses the machine's clock.
        let asked = int(nanos(SystemClock.now()));
        return counted::make(store, path, fields.with("asked", asked)).await;
    }
    counted::change(store, path, fields, &["namespaces", "flow", "trigger", "state", BODY], version).await
}

pub(super) async fn list(db: &Database, filter: &BackfillFilter) -> Result<Vec<Backfill>, DbError> {
    let mut query = Query::on(db.collection(COLLECTION));
    if let Some(namespace) = &filter.namespace {
        query = query.and("namespaces", Is::ArrayContains, text(&**namespace));
    }
    for (field, value) in [("flow", &filter.flow_id), ("trigger", &filter.trigger_id)] {
        if let Some(value) = value {
            query = query.and(field, Is::Equal, text(&**value));
        }
    }
    if !filter.states.is_empty() {
        query = query.and("state", Is::In, list_of(filter.states.iter().map(|state| text(state.as_str()))));
    }
    let query = query.descending("asked").limit(filter.limit).offset(filter.offset);
    db.query(query).await?.iter().map(read).collect()
}
