//! Claims: which worker runs an attempt, until when, its result, and the last lines of its log.
//!
//! A worker claims an attempt by creating its document, which succeeds only once. This needs no read.
//! Renewing and ending a claim is written with the version that this process wrote last. This needs no read
//! either, unless another process changed the document.

use super::lines::{Batch, CHUNK_BYTES};
use super::paths::{ATTEMPTS, TRIES, execution_path};
use super::{Store, logs};
use crate::database::document::{Fields, Found, Version, as_int, flag, instant, int, nanos, text};
use crate::database::error::DbError;
use crate::database::names::document_id;
use crate::database::pause;
use crate::database::text::{Owner, fetch_of, stow};
use crate::database::write::{When, put};
use firestore::gcloud_sdk::google::firestore::v1::Write;
use jiff::Timestamp;
use segue_model::event::TaskRunResult;
use segue_model::log::LogEntry;
use segue_ports::state::Claim;
use segue_ports::wire::AttemptKey;

/// The holder of a revoked claim. No worker has this name.
const REVOKED: &str = "";
/// A longer result is stored in separate documents. In bytes.
const RESULT_BYTES: usize = 300 << 10;

/// A claim of this process.
#[derive(Clone)]
pub(super) struct Held {
    holder: String,
    until: Timestamp,
    deliveries: u32,
    since: Option<Timestamp>,
    version: Version,
}

fn path(store: &Store, key: &AttemptKey) -> String {
    let id = document_id(&[key.task_run_id.as_str(), &key.attempt.to_string()]);
    store.db.below(&execution_path(&store.db, &key.execution_id), ATTEMPTS, &id)
}

/// `since` is the date of the first claim. None if no worker has begun the attempt.
fn lease(holder: &str, until: Timestamp, deliveries: u32, since: Option<Timestamp>) -> Fields {
    let fields = Fields::default().body("holder", text(holder)).body("until", int(nanos(until)));
    let fields = fields.body("deliveries", int(deliveries.into()));
    match since {
        Some(since) => fields.body("since", int(nanos(since))),
        None => fields,
    }
}

/// When the first worker claimed an attempt.
fn since(found: &Found) -> Option<Timestamp> {
    found.body("since").and_then(as_int).map(instant)
}

/// The number of deliveries that took the claim and did not hand it back.
fn deliveries(found: &Found) -> u32 {
    let counted = found.body("deliveries").and_then(as_int).unwrap_or_default();
    u32::try_from(counted).unwrap_or_default()
}

pub(super) async fn claim(
    store: &Store,
    key: &AttemptKey,
    from: Option<&str>,
    holder: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<Claim, DbError> {
    let path = path(store, key);
    let (mut when, mut count, mut begun) = (When::Absent, 1, now);
    for tries in 0..TRIES {
        match store.db.commit(vec![put(path.clone(), lease(holder, until, count, Some(begun)), when)]).await {
            Ok(version) => {
                let since = Some(begun);
                let held = Held { holder: holder.to_owned(), until, deliveries: count, since, version };
                hold(store, &path, held);
                return Ok(Claim::Granted { deliveries: count });
            }
            Err(DbError::Refused) => {}
            Err(error) => return Err(error),
        }
        let Some(found) = store.db.get(&path).await? else {
            (when, count, begun) = (When::Absent, 1, now);
            pause(tries).await;
            continue;
        };
        if let Some(result) = result(store, &found).await? {
            return Ok(Claim::Finished(Box::new(result)));
        }
        let other = found.body_text("holder")?;
        let their_end = instant(found.body("until").and_then(as_int).unwrap_or_default());
        if other == REVOKED {
            return Ok(Claim::Revoked);
        }
        // A delivery that takes the claim is counted, and handing the claim back resets the count.
        let known = deliveries(&found);
        let handed_back = known == 0;
        if other != holder && their_end > now && !(handed_back && from == Some(other)) {
            return Ok(Claim::Held { until: their_end, handed_back });
        }
        count = known.saturating_add(1);
        begun = since(&found).unwrap_or(now);
        when = When::At(found.version);
    }
    Err(DbError::Refused)
}

fn hold(store: &Store, path: &str, held: Held) {
    store.claims.put(path.to_owned(), held, 1);
}

async fn result(store: &Store, found: &Found) -> Result<Option<TaskRunResult>, DbError> {
    if found.body("result").is_none() {
        return Ok(None);
    }
    // The parts of the result are below the execution, not below the attempt.
    let Some(owner) = found.name.rsplitn(3, '/').nth(2) else { return Ok(None) };
    match fetch_of(&store.db, found, owner, "result").await? {
        Some(json) => Ok(Some(serde_json::from_str(&json)?)),
        None => Ok(None),
    }
}

/// The current claim, if the caller holds it: the cached one, or with `fresh` the stored one.
async fn held(store: &Store, path: &str, holder: &str, fresh: bool) -> Result<Option<Held>, DbError> {
    if !fresh && let Some(held) = store.claims.get(&path.to_owned()).filter(|held| held.holder == holder) {
        return Ok(Some(held));
    }
    let Some(found) = store.db.get(path).await? else { return Ok(None) };
    if found.body("result").is_some() || found.body_text("holder")? != holder {
        return Ok(None);
    }
    let until = instant(found.body("until").and_then(as_int).unwrap_or_default());
    let (deliveries, since) = (deliveries(&found), since(&found));
    Ok(Some(Held { holder: holder.to_owned(), until, deliveries, since, version: found.version }))
}

pub(super) async fn renew(
    store: &Store,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
) -> Result<bool, DbError> {
    keep(store, key, holder, until, |deliveries| deliveries).await
}

pub(super) async fn hand_back(
    store: &Store,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
) -> Result<bool, DbError> {
    keep(store, key, holder, until, |_| 0).await
}

/// Writes a claim that the caller holds with another end and another count.
async fn keep(
    store: &Store,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
    count: fn(u32) -> u32,
) -> Result<bool, DbError> {
    let path = path(store, key);
    for tries in 0..TRIES {
        let Some(held) = held(store, &path, holder, tries > 0).await? else { return Ok(false) };
        let deliveries = count(held.deliveries);
        let fields = lease(holder, until, deliveries, held.since);
        // If nothing changes, the document keeps its version. This does no harm.
        match store.db.commit(vec![put(path.clone(), fields, When::At(held.version))]).await {
            Ok(version) => {
                hold(store, &path, Held { until, deliveries, version, ..held });
                return Ok(true);
            }
            Err(DbError::Refused) => store.claims.forget(&path),
            Err(error) => return Err(error),
        }
    }
    Err(DbError::Refused)
}

pub(super) async fn finish(
    store: &Store,
    key: &AttemptKey,
    holder: &str,
    result: &TaskRunResult,
    lines: &[LogEntry],
) -> Result<bool, DbError> {
    let path = path(store, key);
    let execution = execution_path(&store.db, &key.execution_id);
    let json = serde_json::to_string(result)?;
    let tag = document_id(&["result", key.task_run_id.as_str(), &key.attempt.to_string()]);
    let (json, parts) = stow(&store.db, Owner { of: &execution, tag: &tag }, &json, RESULT_BYTES);
    let log = Batch::new(lines)?;
    let ahead = !store.db.fits(parts.iter());
    for tries in 0..TRIES {
        let Some(held) = held(store, &path, holder, tries > 0).await? else { return Ok(false) };
        let mut fields = lease(holder, held.until, held.deliveries, held.since).body("result", json.clone());
        let mut writes: Vec<Write> = Vec::new();
        if ahead && tries == 0 {
            store.db.commit_in_pieces(parts.clone()).await?;
        } else if !ahead {
            writes.extend(parts.iter().cloned());
        }
        // The last log lines are part of the write that ends the attempt.
        let own = lines.iter().all(|line| line.execution_id == key.execution_id);
        if own && !lines.is_empty() && log.bytes() <= CHUNK_BYTES {
            fields = fields.with("logged", flag(true)).body("log", log.encode());
        } else {
            writes.extend(logs::append(&store.db, lines)?);
        }
        writes.push(put(path.clone(), fields, When::At(held.version)));
        let written = store.db.commit(writes).await;
        store.claims.forget(&path);
        match written {
            Ok(_) => return Ok(true),
            Err(DbError::Refused) => {}
            Err(error) => return Err(error),
        }
    }
    Err(DbError::Refused)
}

/// The dates of the first claims.
pub(super) async fn begun(store: &Store, attempts: &[AttemptKey]) -> Result<Vec<Option<Timestamp>>, DbError> {
    let paths: Vec<String> = attempts.iter().map(|key| path(store, key)).collect();
    let mut dates = Vec::with_capacity(paths.len());
    for some in paths.chunks(200) {
        let found = store.db.get_all(some.to_vec(), &["body.since"]).await?.documents;
        dates.extend(found.iter().map(|found| found.as_ref().and_then(since)));
    }
    Ok(dates)
}

/// Revokes attempts that have not ended.
pub(super) async fn revoke(store: &Store, attempts: &[AttemptKey]) -> Result<(), DbError> {
    let paths: Vec<String> = attempts.iter().map(|key| path(store, key)).collect();
    for some in paths.chunks(200) {
        revoke_some(store, some).await?;
    }
    Ok(())
}

async fn revoke_some(store: &Store, paths: &[String]) -> Result<(), DbError> {
    for tries in 0..TRIES {
        let found = store.db.get_all(paths.to_vec(), &[]).await?.documents;
        let mut writes = Vec::new();
        for (path, found) in paths.iter().zip(found) {
            let (when, since) = match found {
                None => (When::Absent, None),
                Some(found) if found.body("result").is_some() => continue,
                Some(found) if found.body_text("holder")? == REVOKED => continue,
                Some(found) => (When::At(found.version), since(&found)),
            };
            store.claims.forget(path);
            writes.push(put(path.clone(), lease(REVOKED, Timestamp::MAX, 0, since), when));
        }
        match store.db.commit(writes).await {
            Err(DbError::Refused) => pause(tries).await,
            written => return written.map(|_| ()),
        }
    }
    Err(DbError::Refused)
}
