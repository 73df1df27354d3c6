//! The KV store.

use crate::database::Database;
use crate::database::document::{Fields, Found, moment, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::query::{Is, Query};
use crate::database::text::{Owner, clear, fetch_of, stow};
use crate::database::write::{When, delete, put};
use firestore::gcloud_sdk::google::firestore::v1::Write;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use segue_model::is_own_namespace;
use segue_ports::kv::{KvEntry, KvWrite};
use std::collections::BTreeMap;

const COLLECTION: &str = "kv";
/// A longer value is stored in separate documents. In bytes.
const VALUE_BYTES: usize = 700 << 10;

fn path(db: &Database, namespace: &str, key: &str) -> String {
    db.path(COLLECTION, &document_id(&[namespace, key]))
}

async fn read(db: &Database, found: &Found, now: Timestamp) -> Result<Option<KvEntry>, DbError> {
    let Some(json) = fetch_of(db, found, &found.name, "entry").await? else { return Ok(None) };
    let entry: KvEntry = serde_json::from_str(&json)?;
    Ok(Some(entry).filter(|entry| entry.expires.is_none_or(|expires| expires > now)))
}

pub(super) async fn get(
    db: &Database,
    namespace: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<KvEntry>, DbError> {
    match db.get(&path(db, namespace, key)).await? {
        Some(found) => read(db, &found, now).await,
        None => Ok(None),
    }
}

pub(super) async fn list(db: &Database, namespace: &str, now: Timestamp) -> Result<Vec<KvEntry>, DbError> {
    let query = Query::on(db.collection(COLLECTION)).and("namespace", Is::Equal, text(namespace));
    let found = db.query(query).await?;
    let mut entries: Vec<KvEntry> = stream::iter(found)
        .map(|found| async move { read(db, &found, now).await })
        .buffered(8)
        .try_filter_map(|entry| std::future::ready(Ok(entry)))
        .try_collect()
        .await?;
    entries.sort_by(|left, right| left.key.cmp(&right.key));
    Ok(entries)
}

/// Skips from one namespace to the next, with one read for each.
pub(super) async fn namespaces(db: &Database) -> Result<Vec<String>, DbError> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let mut query =
            Query::on(db.collection(COLLECTION)).ascending("namespace").only(&["namespace"]).limit(1);
        if let Some(last) = names.last() {
            query = query.and("namespace", Is::GreaterThan, text(&**last));
        }
        match db.query(query).await?.first() {
            Some(found) => names.push(found.text("namespace")?.to_owned()),
            None => {
                names.retain(|namespace| !is_own_namespace(namespace));
                return Ok(names);
            }
        }
    }
}

/// The writes for these changes, one for each key. Existing values are read, because they keep the date of
/// their first write. If two callers set the same key at the same time, the last one wins, including the
/// date.
pub(super) async fn writes(
    db: &Database,
    changes: &[KvWrite],
    now: Timestamp,
) -> Result<Vec<Write>, DbError> {
    let key_of = |change: &KvWrite| match change {
        KvWrite::Set { namespace, key, .. } | KvWrite::Delete { namespace, key } => path(db, namespace, key),
    };
    let mut paths: Vec<String> = changes.iter().map(key_of).collect();
    paths.sort_unstable();
    paths.dedup();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let before = db.get_all(paths.clone(), &[]).await?.documents;
    let mut created: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for (path, found) in paths.iter().zip(&before) {
        let known = match found {
            Some(found) => read(db, found, now).await?.map(|entry| entry.created),
            None => None,
        };
        created.insert(path.clone(), known);
    }
    let mut last = BTreeMap::new();
    for change in changes {
        let path = key_of(change);
        let first_set = created.entry(path.clone()).or_default();
        let (write, parts) = match change {
            KvWrite::Delete { .. } => {
                *first_set = None;
                (delete(path.clone(), When::Always), Vec::new())
            }
            KvWrite::Set { namespace, key, kind, value, description, expires } => {
                let entry = KvEntry {
                    namespace: namespace.clone(),
                    key: key.clone(),
                    kind: *kind,
                    value: value.clone(),
                    description: description.clone(),
                    created: *first_set.get_or_insert(now),
                    updated: now,
                    expires: *expires,
                };
                let owner = Owner { of: &path, tag: "value" };
                let (json, parts) = stow(db, owner, &serde_json::to_string(&entry)?, VALUE_BYTES);
                let fields = Fields::default()
                    .with("namespace", text(&**namespace))
                    .with_some("expires", expires.map(moment))
                    .body("entry", json);
                (put(path.clone(), fields, When::Always), parts)
            }
        };
        last.insert(path, (write, parts));
    }
    let mut writes = Vec::new();
    for (path, found) in paths.iter().zip(&before) {
        let Some((write, parts)) = last.remove(path) else { continue };
        // The documents of the old value are deleted first, because the new value may need some of the same
        // names.
        let former = found.as_ref().and_then(|found| found.body("entry"));
        let next = crate::database::write::body(&write, "entry");
        writes.extend(clear(db, path, former, next));
        writes.push(write);
        writes.extend(parts);
    }
    Ok(writes)
}

pub(super) async fn write(db: &Database, changes: &[KvWrite], now: Timestamp) -> Result<(), DbError> {
    db.commit(writes(db, changes, now).await?).await?;
    Ok(())
}
