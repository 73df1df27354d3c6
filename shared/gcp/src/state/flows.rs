//! Flows: one document with the latest revision, and one for each revision below it.

use super::paths::TRIES;
use crate::database::document::{Fields, Found, flag, int, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::query::{Is, Query};
use crate::database::text::{Owner, clear, fetch_of, stow};
use crate::database::write::{When, put};
use crate::database::{Database, pause};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use segue_ports::PortError;
use segue_ports::state::StoredFlow;

const COLLECTION: &str = "flows";
const REVISIONS: &str = "revisions";
/// A longer source is stored in separate documents. In bytes.
const SOURCE_BYTES: usize = 700 << 10;

fn path(db: &Database, namespace: &str, id: &str) -> String {
    db.path(COLLECTION, &document_id(&[namespace, id]))
}

fn revision_path(db: &Database, flow: &str, revision: u32) -> String {
    // Ten digits, so that the order of names is the order of numbers.
    db.below(flow, REVISIONS, &format!("{revision:010}"))
}

async fn read(db: &Database, found: &Found) -> Result<Option<StoredFlow>, DbError> {
    let json = fetch_of(db, found, &found.name, "flow").await?;
    Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
}

async fn read_all(db: &Database, found: Vec<Found>) -> Result<Vec<StoredFlow>, DbError> {
    stream::iter(found)
        .map(|found| async move { read(db, &found).await })
        .buffered(8)
        .try_filter_map(|flow| std::future::ready(Ok(flow)))
        .try_collect()
        .await
}

/// Writes the next revision, which `next` makes from the latest. Writes nothing if `next` returns nothing.
async fn revise(
    db: &Database,
    namespace: &str,
    id: &str,
    next: impl Fn(Option<&StoredFlow>) -> Option<StoredFlow>,
) -> Result<(Option<StoredFlow>, Option<StoredFlow>), DbError> {
    let path = path(db, namespace, id);
    for tries in 0..TRIES {
        let found = db.get(&path).await?;
        let latest = match &found {
            Some(found) => read(db, found).await?,
            None => None,
        };
        let Some(flow) = next(latest.as_ref()) else { return Ok((latest, None)) };
        let json = serde_json::to_string(&flow)?;
        let revision = revision_path(db, &path, flow.revision);
        let (current, parts) = stow(db, Owner { of: &path, tag: "source" }, &json, SOURCE_BYTES);
        let (kept, more) = stow(db, Owner { of: &revision, tag: "source" }, &json, SOURCE_BYTES);
        let former = found.as_ref().and_then(|found| found.body("flow"));
        let mut writes = clear(db, &path, former, Some(&current));
        let when = found.as_ref().map_or(When::Absent, |found| When::At(found.version));
        let fields = Fields::default()
            .with("namespace", text(&*flow.namespace))
            .with("deleted", flag(flow.deleted))
            .body("flow", current);
        writes.push(put(path.clone(), fields, when));
        let fields = Fields::default().with("revision", int(i64::from(flow.revision))).body("flow", kept);
        writes.push(put(revision, fields, When::Absent));
        writes.extend(parts);
        writes.extend(more);
        match db.commit(writes).await {
            Ok(_) => return Ok((latest, Some(flow))),
            Err(DbError::Refused) => pause(tries).await,
            Err(error) => return Err(error),
        }
    }
    Err(DbError::Refused)
}

/// Saves a source as the next revision. `expected` is the revision that must be the latest. None: any.
pub(super) async fn put_flow(
    db: &Database,
    namespace: &str,
    id: &str,
    (source, expected): (&str, Option<u32>),
    now: Timestamp,
) -> Result<StoredFlow, DbError> {
    let is_same =
        |latest: Option<&StoredFlow>| latest.is_some_and(|flow| !flow.deleted && flow.source == source);
    let is_expected = |latest: Option<&StoredFlow>| {
        let revision = latest.filter(|flow| !flow.deleted).map(|flow| flow.revision);
        expected.is_none() || revision == expected
    };
    let (latest, made) = revise(db, namespace, id, |latest| {
        (!is_same(latest) && is_expected(latest)).then(|| StoredFlow {
            namespace: namespace.to_owned(),
            id: id.to_owned(),
            revision: latest.map_or(1, |flow| flow.revision.saturating_add(1)),
            source: source.to_owned(),
            updated: now,
            deleted: false,
        })
    })
    .await?;
    // Nothing is written if the latest revision has the same source, or is not the expected one.
    made.or(latest.filter(|latest| is_same(Some(latest))))
        .ok_or_else(|| PortError::Conflict { what: format!("flow '{namespace}.{id}'") }.into())
}

pub(super) async fn delete(
    db: &Database,
    namespace: &str,
    id: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let (_, made) = revise(db, namespace, id, |latest| {
        latest.filter(|flow| !flow.deleted).map(|flow| StoredFlow {
            revision: flow.revision.saturating_add(1),
            updated: now,
            deleted: true,
            ..flow.clone()
        })
    })
    .await?;
    Ok(made.is_some())
}

pub(super) async fn get(
    db: &Database,
    namespace: &str,
    id: &str,
    revision: Option<u32>,
) -> Result<Option<StoredFlow>, DbError> {
    let flow = path(db, namespace, id);
    let path = match revision {
        None => flow,
        Some(revision) => revision_path(db, &flow, revision),
    };
    let Some(found) = db.get(&path).await? else { return Ok(None) };
    Ok(read(db, &found).await?.filter(|flow| !flow.deleted))
}

pub(super) async fn list(db: &Database, namespace: Option<&str>) -> Result<Vec<StoredFlow>, DbError> {
    let mut query = Query::on(db.collection(COLLECTION)).and("deleted", Is::Equal, flag(false));
    if let Some(namespace) = namespace {
        query = query.and("namespace", Is::Equal, text(namespace));
    }
    let mut flows = read_all(db, db.query(query).await?).await?;
    flows.retain(|flow| !flow.deleted);
    flows.sort_by(|left, right| (&left.namespace, &left.id).cmp(&(&right.namespace, &right.id)));
    Ok(flows)
}

/// The number of revisions of all flows, deletions included. Every change of a flow adds one.
pub(super) async fn mark(db: &Database) -> Result<u64, DbError> {
    db.count(Query::everywhere(db.collection(REVISIONS))).await
}

/// The number of flows.
pub(super) async fn count(db: &Database) -> Result<u64, DbError> {
    db.count(Query::on(db.collection(COLLECTION)).and("deleted", Is::Equal, flag(false))).await
}

pub(super) async fn revisions(db: &Database, namespace: &str, id: &str) -> Result<Vec<StoredFlow>, DbError> {
    let flow = path(db, namespace, id);
    let query = Query::within(&flow, db.collection(REVISIONS)).ascending("revision");
    read_all(db, db.query(query).await?).await
}

/// Removes old revisions. Each document stays without its flow, because [`mark`] counts the documents.
pub(super) async fn remove_revisions(
    db: &Database,
    namespace: &str,
    id: &str,
    revisions: &[u32],
) -> Result<u64, DbError> {
    let flow = path(db, namespace, id);
    let Some(found) = db.get(&flow).await? else { return Ok(0) };
    let Some(latest) = read(db, &found).await? else { return Ok(0) };
    let mut count = 0;
    for revision in revisions.iter().filter(|revision| **revision < latest.revision) {
        let path = revision_path(db, &flow, *revision);
        let Some(found) = db.get(&path).await? else { continue };
        let Some(former) = found.body("flow") else { continue };
        let mut writes = clear(db, &path, Some(former), None);
        let fields = Fields::default().with("revision", int(i64::from(*revision)));
        writes.push(put(path, fields, When::Always));
        db.commit(writes).await?;
        count += 1;
    }
    Ok(count)
}
