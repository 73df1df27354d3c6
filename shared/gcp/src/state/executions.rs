//! Executions: create, read, change, remove.

use super::header::{Content, Encoded, Loaded, SEGMENTS, encode_segment, long_texts};
use super::lines::{Batch, Tail};
use super::paths::{ATTEMPTS, LOGS, TRIES, execution_path};
use super::runs::{Change, Entry, Layer, Runs};
use super::{Store, kv, logs, permits, timers};
use crate::database::document::{Fields, Found, Version, flag};
use crate::database::error::DbError;
use crate::database::query::Query;
use crate::database::text::{clear, parts_collection};
use crate::database::write::{When, delete as delete_document, put};
use crate::database::{Database, pause};
use firestore::gcloud_sdk::google::firestore::v1::Write;
use segue_model::id::ExecutionId;
use segue_model::task_run::TaskRun;
use segue_ports::state::{Commit, ExecutionSince, StoredExecution};
use std::sync::Arc;

/// A document with a state is an execution. A document without a state is being deleted.
fn is_live(found: &Found) -> bool {
    found.get("state").is_some()
}

/// The current execution.
pub(super) async fn current(store: &Store, id: &ExecutionId) -> Result<Option<Arc<Loaded>>, DbError> {
    let path = execution_path(&store.db, id);
    for tries in 0..TRIES {
        let found = store.db.get(&path).await?.filter(is_live);
        let Some(found) = found else {
            store.executions.forget(id);
            return Ok(None);
        };
        let known = store.executions.get(id);
        if let Some(known) = known.as_ref().filter(|known| known.version == found.version) {
            return Ok(Some(known.clone()));
        }
        if let Some(loaded) = Loaded::decode(&store.db, &found, known.as_deref()).await? {
            let loaded = Arc::new(loaded);
            store.executions.put(id.clone(), loaded.clone(), loaded.bytes());
            return Ok(Some(loaded));
        }
        pause(tries).await;
    }
    Err(DbError::Refused)
}

pub(super) async fn load(store: &Store, id: &ExecutionId) -> Result<Option<StoredExecution>, DbError> {
    let Some(loaded) = current(store, id).await? else { return Ok(None) };
    Ok(Some(StoredExecution {
        execution: loaded.content.execution.clone(),
        task_runs: decoded(&loaded.content.runs)?,
        notes: loaded.content.notes.clone(),
        version: loaded.version,
    }))
}

fn decoded(runs: &Runs) -> Result<Vec<(u64, TaskRun)>, DbError> {
    runs.list().into_iter().map(|(position, json)| Ok((position, serde_json::from_str(json)?))).collect()
}

/// An execution with all task runs, or with none if nothing was written after the version. Layers do not keep the version
/// of each task run.
pub(super) async fn load_since(
    store: &Store,
    id: &ExecutionId,
    since: Option<u64>,
) -> Result<Option<ExecutionSince>, DbError> {
    let Some(loaded) = current(store, id).await? else { return Ok(None) };
    let runs = &loaded.content.runs;
    Ok(Some(ExecutionSince {
        execution: loaded.content.execution.clone(),
        version: loaded.version,
        task_runs: if since == Some(loaded.version) { Vec::new() } else { decoded(runs)? },
        total: runs.list().len() as u64,
    }))
}

/// All documents of one write of an execution.
struct Writing {
    /// Documents that nothing refers to before `main` is written.
    ahead: Vec<Write>,
    /// The execution's document, and the documents that must change with it.
    main: Vec<Write>,
    encoded: Encoded,
}

impl Writing {
    fn new(
        db: &Database,
        path: &str,
        content: &Content,
        change: &Change,
        when: When,
    ) -> Result<Self, DbError> {
        let after = if let When::At(version) = when { version } else { 0 };
        let mut encoded = content.encode(db, path, after)?;
        let mut ahead = std::mem::take(&mut encoded.parts);
        for segment in &change.made {
            let (fields, parts) = encode_segment(db, path, segment);
            ahead.extend(parts);
            ahead.push(put(db.below(path, SEGMENTS, &segment.id), fields, When::Always));
        }
        let main = vec![put(path.to_owned(), encoded.fields.clone(), when)];
        Ok(Self { ahead, main, encoded })
    }

    async fn commit(self, db: &Database) -> Result<(Version, Encoded), DbError> {
        let Self { ahead, mut main, encoded } = self;
        if db.fits(ahead.iter().chain(&main)) {
            main.extend(ahead);
        } else {
            db.commit_in_pieces(ahead).await?;
        }
        let version = db.commit(main).await?;
        db.wrote_execution();
        Ok((version, encoded))
    }
}

pub(super) async fn create(store: &Store, new: &StoredExecution) -> Result<bool, DbError> {
    let id = &new.execution.id;
    let path = execution_path(&store.db, id);
    for tries in 0..TRIES {
        let mut runs = Runs::default();
        let change = runs.change(layer(&new.task_runs)?, &[]);
        let content =
            Content { execution: new.execution.clone(), notes: new.notes.clone(), runs, tail: Vec::new() };
        let writing = Writing::new(&store.db, &path, &content, &change, When::Absent)?;
        match writing.commit(&store.db).await {
            Ok((version, encoded)) => {
                remember(store, version, content, &encoded);
                return Ok(true);
            }
            Err(DbError::Refused) => match store.db.get(&path).await? {
                Some(found) if is_live(&found) => return Ok(false),
                Some(found) => clean(store, &path, id, Some(&found)).await?,
                None => pause(tries).await,
            },
            Err(error) => return Err(error),
        }
    }
    Err(DbError::Refused)
}

fn remember(store: &Store, version: Version, content: Content, encoded: &Encoded) {
    let id = content.execution.id.clone();
    let loaded = Arc::new(Loaded::written(version, content, encoded.texts()));
    let bytes = loaded.bytes();
    store.executions.put(id, loaded, bytes);
}

/// Writes a change and returns the new version. [`DbError::Refused`] if the stored version is another one.
pub(super) async fn commit(store: &Store, commit: Commit) -> Result<Version, DbError> {
    let (db, id) = (&store.db, commit.execution.id.clone());
    let path = execution_path(db, &id);
    let expected = commit.expected_version;
    let known = store.executions.get(&id).filter(|known| known.version == expected);
    let base = match known {
        Some(known) => known,
        None => {
            current(store, &id).await?.filter(|loaded| loaded.version == expected).ok_or(DbError::Refused)?
        }
    };
    let mut runs = base.content.runs.clone();
    let change = runs.change(layer(&commit.task_runs)?, &commit.removed);
    // Log lines of other executions cannot be in this execution's document.
    let (own, others): (Vec<_>, Vec<_>) = commit.logs.into_iter().partition(|line| line.execution_id == id);
    let tail = Tail::grow(&base.content.tail, expected, Batch::new(&own)?);
    let content = Content { execution: commit.execution, notes: commit.notes, runs, tail: tail.kept };
    let mut writing = Writing::new(db, &path, &content, &change, When::At(expected))?;
    writing.main.extend(base.clear_texts(db, &path, &writing.encoded));
    writing.main.extend(superseded(db, &path, &change, &content.runs));
    writing.main.extend(logs::put_chunks(db, &path, &tail.moved));
    writing.main.extend(logs::append(db, &others)?);
    writing.main.extend(kv::writes(db, &commit.kv, commit.now).await?);
    writing.main.extend(timers::changes(db, &id, &commit.cleared_timers, &commit.timers));
    match writing.commit(db).await {
        Ok((version, encoded)) => {
            remember(store, version, content, &encoded);
            Ok(version)
        }
        Err(error) => {
            store.executions.forget(&id);
            Err(error)
        }
    }
}

/// Deletes segments that were merged, with the long texts that only they refer to.
fn superseded(db: &Database, path: &str, change: &Change, runs: &Runs) -> Vec<Write> {
    let mut writes = Vec::new();
    if change.dropped.is_empty() {
        return writes;
    }
    let kept: Vec<_> =
        runs.segments.iter().flat_map(|segment| long_texts(db, path, &segment.layer)).collect();
    for segment in &change.dropped {
        writes.push(delete_document(db.below(path, SEGMENTS, &segment.id), When::Always));
        for former in long_texts(db, path, &segment.layer) {
            if !kept.contains(&former) {
                writes.extend(clear(db, path, Some(&former), None));
            }
        }
    }
    writes
}

fn layer(task_runs: &[(u64, TaskRun)]) -> Result<Layer, DbError> {
    task_runs
        .iter()
        .map(|(position, run)| {
            let json = serde_json::to_string(run)?.into();
            Ok((run.id.clone(), Entry::Run { position: *position, json }))
        })
        .collect()
}

/// Removes an execution with all its documents. First, its document loses the field `state`, so no reader finds the
/// execution from then on. After a crash, the next creation or deletion of the same execution removes the rest.
pub(super) async fn delete(store: &Store, id: &ExecutionId) -> Result<bool, DbError> {
    let path = execution_path(&store.db, id);
    for tries in 0..TRIES {
        let found = store.db.get(&path).await?;
        let live = found.as_ref().is_some_and(is_live);
        if let Some(found) = found.as_ref().filter(|found| is_live(found)) {
            let lane = Fields::default()
                .with("deleted", flag(true))
                .with_some("namespace", found.get("namespace").cloned())
                .with_some("flow", found.get("flow").cloned());
            match store.db.commit(vec![put(path.clone(), lane, When::At(found.version))]).await {
                Err(DbError::Refused) => {
                    pause(tries).await;
                    continue;
                }
                written => written?,
            };
        }
        store.executions.forget(id);
        clean(store, &path, id, found.as_ref()).await?;
        return Ok(live);
    }
    Err(DbError::Refused)
}

async fn clean(store: &Store, path: &str, id: &ExecutionId, found: Option<&Found>) -> Result<(), DbError> {
    let db = &store.db;
    let mut gone = Vec::new();
    let collections = [SEGMENTS, LOGS, ATTEMPTS].map(|name| db.collection(name));
    for collection in collections.into_iter().chain([parts_collection(db)]) {
        for found in db.query(Query::within(path, collection).names()).await? {
            store.claims.forget(&found.name);
            gone.push(delete_document(found.name, When::Always));
        }
    }
    gone.extend(timers::of_execution(db, id).await?);
    db.commit_in_pieces(gone).await?;
    if let Some(found) = found {
        // A permit without an existing holder would be lost.
        permits::forget(db, found.text("namespace")?, found.text("flow")?, id).await?;
        db.commit(vec![delete_document(path.to_owned(), When::Always)]).await?;
    }
    Ok(())
}
