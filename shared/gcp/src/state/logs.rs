//! Logs: lines in the order of their commits, from three kinds of documents: documents of appended lines, the
//! execution's document (its newest lines), and the attempts' documents (the last lines of each attempt).

use super::lines::{Batch, chunks};
use super::paths::{ATTEMPTS, LOGS, TRIES, execution_path};
use super::{Store, marks, search};
use crate::database::document::{Fields, Found, Version, as_list, flag, list};
use crate::database::error::DbError;
use crate::database::query::{Is, Query};
use crate::database::write::{When, delete as delete_document, only, put};
use crate::database::{Database, pause};
use firestore::gcloud_sdk::google::firestore::v1::Write;
use futures::stream::TryStreamExt as _;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::log_line::{FoundLines, Moment, NumberedLine};
use segue_ports::random_name;
use segue_ports::state::{ExecutionFilter, LogFilter, LogPage};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of reads that the marks of a log cost.
const MARKS: usize = 3;
/// The largest number of lines that are counted.
const MOST_COUNTED: u64 = 10_000;

/// Writes chunks of lines, each as a document below an execution.
pub(super) fn put_chunks(db: &Database, execution: &str, chunks: &[Vec<Batch>]) -> Vec<Write> {
    let name = random_name();
    chunks
        .iter()
        .enumerate()
        .map(|(index, batches)| {
            let path = db.below(execution, LOGS, &format!("{name}-{index:05}"));
            let fields = Fields::default().body("log", list(batches.iter().map(Batch::encode)));
            put(path, fields, When::Absent)
        })
        .collect()
}

/// Writes lines of any executions.
pub(super) fn append(db: &Database, entries: &[LogEntry]) -> Result<Vec<Write>, DbError> {
    let mut by_execution: BTreeMap<&ExecutionId, Vec<LogEntry>> = BTreeMap::new();
    for entry in entries {
        by_execution.entry(&entry.execution_id).or_default().push(entry.clone());
    }
    let mut writes = Vec::new();
    for (execution, lines) in by_execution {
        let path = execution_path(db, execution);
        writes.extend(put_chunks(db, &path, &chunks(vec![Batch::new(&lines)?])));
    }
    Ok(writes)
}

/// The documents that the log of an execution consists of.
struct Sources {
    header: Option<Found>,
    chunks: Vec<Found>,
    attempts: Vec<Found>,
}

impl Sources {
    /// Reads all of them as of one time, because lines move from the execution's document to separate ones.
    async fn read(db: &Database, execution: &ExecutionId) -> Result<Self, DbError> {
        let path = execution_path(db, execution);
        let mut snapshot = db.get_all(vec![path.clone()], &["body.log"]).await?;
        let own = Query::within(&path, db.collection(LOGS)).at(snapshot.time);
        let attempts = Query::within(&path, db.collection(ATTEMPTS))
            .and("logged", Is::Equal, flag(true))
            .only(&["body.log"])
            .at(snapshot.time);
        let (chunks, attempts) = futures::try_join!(db.query(own), db.query(attempts))?;
        Ok(Self { header: snapshot.documents.pop().flatten(), chunks, attempts })
    }

    /// Batches in the order of their commits.
    fn batches(&self) -> Vec<Batch> {
        let mut all: Vec<(Version, &str, usize, Batch)> = Vec::new();
        let chunks = self.chunks.iter().map(|found| (found, found.made));
        let header = self.header.iter().map(|found| (found, found.version));
        for (found, stamp) in chunks.chain(header) {
            for (index, batch) in found.body("log").and_then(as_list).unwrap_or_default().iter().enumerate() {
                let batch = Batch::decode(batch).stamped(stamp);
                all.push((batch.at.unwrap_or(stamp), &found.name, index, batch));
            }
        }
        for found in &self.attempts {
            if let Some(batch) = found.body("log").map(Batch::decode) {
                all.push((found.version, &found.name, 0, batch));
            }
        }
        all.sort_by(|left, right| (left.0, left.1, left.2).cmp(&(right.0, right.1, right.2)));
        all.into_iter().map(|(_, _, _, batch)| batch).collect()
    }

    fn lines(&self) -> Result<Vec<LogEntry>, DbError> {
        let batches = self.batches();
        let lines: Vec<&Arc<str>> = batches.iter().flat_map(|batch| &batch.lines).collect();
        lines.into_iter().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

/// A log that was read, for readers of its parts.
pub(super) struct Log {
    /// The marks of the execution and of the log, as `marks` reads them.
    marks: (Option<u64>, u64),
    /// The number of documents that were read.
    documents: usize,
    pub(super) lines: Vec<LogEntry>,
}

impl Log {
    fn of(sources: &Sources) -> Result<Self, DbError> {
        let (chunks, attempts) = (sources.chunks.len(), sources.attempts.len());
        Ok(Self {
            marks: (
                sources.header.as_ref().map(|found| found.version),
                marks::of_counts(chunks as u64, attempts as u64),
            ),
            documents: chunks.saturating_add(attempts).saturating_add(1),
            lines: sources.lines()?,
        })
    }

    /// The approximate memory, in bytes.
    fn bytes(&self) -> usize {
        self.lines.iter().map(|line| 200_usize.saturating_add(line.message.len())).sum()
    }
}

/// The whole log of an execution. A long log is read again only if its marks have changed, so that readers of its parts
/// cost three reads each.
pub(super) async fn whole(store: &Store, execution: &ExecutionId) -> Result<Arc<Log>, DbError> {
    let db = &store.db;
    if let Some(known) = store.logs.get(execution).filter(|known| known.documents > MARKS) {
        let (header, log) =
            futures::try_join!(marks::of_execution(db, execution), marks::of_log(db, execution))?;
        if known.marks == (header, log) {
            return Ok(known);
        }
    }
    let log = Arc::new(Log::of(&Sources::read(db, execution).await?)?);
    store.logs.put(execution.clone(), log.clone(), log.bytes());
    Ok(log)
}

pub(super) async fn read(
    store: &Store,
    execution: &ExecutionId,
    min_level: LogLevel,
    after: u64,
) -> Result<Vec<LogEntry>, DbError> {
    let log = whole(store, execution).await?;
    let after = usize::try_from(after).unwrap_or(usize::MAX);
    Ok(log.lines.iter().filter(|line| line.level >= min_level).skip(after).cloned().collect())
}

/// The next lines from a position on, which counts the lines of the level.
pub(super) async fn page(
    store: &Store,
    execution: &ExecutionId,
    min_level: LogLevel,
    from: u64,
    limit: u32,
) -> Result<LogPage, DbError> {
    let log = whole(store, execution).await?;
    let after = usize::try_from(from).unwrap_or(usize::MAX);
    let mut rest = log.lines.iter().filter(|line| line.level >= min_level).skip(after);
    let lines: Vec<LogEntry> = rest.by_ref().take(limit as usize).cloned().collect();
    Ok(LogPage { next: from.saturating_add(lines.len() as u64), lines, more: rest.next().is_some() })
}

pub(super) async fn delete(store: &Store, execution: &ExecutionId) -> Result<u64, DbError> {
    let db = &store.db;
    for tries in 0..TRIES {
        let sources = Sources::read(db, execution).await?;
        let lines: usize = sources.batches().iter().map(|batch| batch.lines.len()).sum();
        if lines == 0 {
            return Ok(0);
        }
        let without = |found: &Found, fields: &[&str]| {
            only(put(found.name.clone(), Fields::default(), When::At(found.version)), fields)
        };
        let mut writes: Vec<Write> =
            sources.chunks.iter().map(|found| delete_document(found.name.clone(), When::Always)).collect();
        writes.extend(sources.attempts.iter().map(|found| without(found, &["logged", "body.log"])));
        let tail = sources.header.iter().filter(|found| !tail_is_empty(found));
        writes.extend(tail.map(empty_tail));
        match db.commit(writes).await {
            Err(DbError::Refused) => pause(tries).await,
            written => {
                written?;
                store.executions.forget(execution);
                store.logs.forget(execution);
                return Ok(u64::try_from(lines).unwrap_or(u64::MAX));
            }
        }
    }
    Err(DbError::Refused)
}

fn tail_is_empty(found: &Found) -> bool {
    found.body("log").and_then(as_list).is_none_or(<[_]>::is_empty)
}

/// The execution's document without lines. The rest is not changed.
fn empty_tail(found: &Found) -> Write {
    let fields = Fields::default().body("log", list([]));
    only(put(found.name.clone(), fields, When::At(found.version)), &["body.log"])
}

/// Lines of many executions, newest execution and newest line first, and their number. All counted lines are
/// read, so this is meant for searches over few executions or a short time.
pub(super) async fn search(db: &Database, filter: &LogFilter) -> Result<FoundLines, DbError> {
    let of = ExecutionFilter {
        namespace: filter.namespace.clone(),
        flow_id: filter.flow_id.clone(),
        trigger_id: filter.trigger_id.clone(),
        labels: filter.labels.clone(),
        // An execution that began later cannot have written earlier lines.
        end: filter.end,
        ..ExecutionFilter::default()
    };
    let wanted = filter.text.as_ref().map(|text| text.to_lowercase());
    let admits = |line: &LogEntry| {
        line.level >= filter.min_level
            && filter.start.is_none_or(|start| line.timestamp >= start)
            && filter.end.is_none_or(|end| line.timestamp <= end)
            && (filter.task_id.is_none() || line.task_id == filter.task_id)
            && wanted.as_ref().is_none_or(|text| line.message.to_lowercase().contains(text))
    };
    let most = if filter.limit == 0 { u64::MAX } else { u64::from(filter.limit) };
    let last = u64::from(filter.offset).saturating_add(most);
    let mut found = FoundLines::default();
    let mut total = 0_u64;
    let mut logs = search::stream(db, &of)
        .await?
        .map_ok(|execution| async move { Sources::read(db, &execution.id).await?.lines() })
        .try_buffered(8);
    while let Some(lines) = logs.try_next().await? {
        let numbered = (1_u64..).zip(lines).collect::<Vec<_>>();
        for (number, line) in numbered.into_iter().rev().filter(|(_, line)| admits(line)) {
            if filter.moments && total < MOST_COUNTED {
                found.moments.push(Moment::of(&line));
            }
            if total >= u64::from(filter.offset) && total < last {
                found.lines.push(NumberedLine { number, line });
            }
            total = total.saturating_add(1);
        }
        if total >= MOST_COUNTED && (total >= last) {
            break;
        }
    }
    found.total = total.min(MOST_COUNTED);
    Ok(found)
}
