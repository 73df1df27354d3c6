//! Finds executions, newest or oldest first.
//!
//! A page begins after the last execution of the page before, if this process has read that page lately. Otherwise
//! Firestore skips executions, and bills them as read.
//!
//! A filter becomes one query, so a page reads only the executions that it shows. Firestore accepts one
//! `array-contains` in a query. So a document has tags for a namespace and its parents, for a label, and for both
//! together. The remaining conditions (a second label, dates together with slots) are checked on the documents that the
//! query returns.

use super::Store;
use super::paths::{EXECUTIONS, execution_path};
use crate::database::Database;
use crate::database::document::{Fields, Found, document, int, list, nanos, text};
use crate::database::error::DbError;
use crate::database::query::{Is, Query};
use crate::database::text::fetch_of;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::state::State;
use segue_ports::state::{ExecutionFilter, FlowName};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};

/// The field that stands for the name of a document.
const NAME: &str = "__name__";
/// How long the end of a page is remembered. Executions that start meanwhile would move the pages.
const FRESH: Duration = Duration::from_secs(60);
/// Longer tags are replaced by their hash, because an index keeps 1,500 bytes of a text.
const TAG_BYTES: usize = 300;

/// A namespace and its parents: `a.b` gives `a`, `a.b`.
pub(super) fn lineage(namespace: &str) -> Vec<&str> {
    let dots = namespace.match_indices('.').map(|(at, _)| at);
    dots.chain([namespace.len()]).filter_map(|end| namespace.get(..end)).collect()
}

fn short(tag: String) -> String {
    if tag.len() <= TAG_BYTES {
        return tag;
    }
    let hash: String = Sha256::digest(tag.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("#{hash}")
}

fn namespace_tag(namespace: &str) -> String {
    short(format!("n:{namespace}"))
}

/// `=` in a key is escaped, so that no two labels have the same tag.
fn label_text(key: &str, value: &str) -> String {
    format!("{}={value}", key.replace('%', "%25").replace('=', "%3D"))
}

fn label_tag(key: &str, value: &str) -> String {
    short(format!("l:{}", label_text(key, value)))
}

fn both_tag(namespace: &str, key: &str, value: &str) -> String {
    short(format!("n:{namespace} l:{}", label_text(key, value)))
}

fn tags(namespace: &str, labels: &[Label]) -> Vec<String> {
    let lineage = lineage(namespace);
    let mut tags: Vec<String> = lineage.iter().map(|name| namespace_tag(name)).collect();
    for label in labels {
        tags.push(label_tag(&label.key, &label.value));
        tags.extend(lineage.iter().map(|name| both_tag(name, &label.key, &label.value)));
    }
    tags
}

/// The searched fields of an execution.
pub(super) fn search_fields(execution: &Execution) -> Fields {
    let trigger = execution.trigger.as_ref();
    let fired_by =
        trigger.and_then(|trigger| trigger.variables.get("executionId")).and_then(|id| id.as_str());
    Fields::default()
        .with("namespace", text(&*execution.namespace))
        .with("flow", text(&*execution.flow_id))
        .with("state", text(execution.state.current().as_str()))
        .with("start", int(nanos(execution.state.start_date())))
        .with("tags", list(tags(&execution.namespace, &execution.labels).into_iter().map(text)))
        .with_some("trigger", trigger.map(|trigger| text(&*trigger.id)))
        .with_some("slot", trigger.and_then(|trigger| trigger.slot).map(|slot| int(nanos(slot))))
        .with_some("firedBy", fired_by.map(text))
}

/// A filter as a query, and the conditions that the query does not check.
struct Plan {
    query: Query,
    /// Labels that the query does not check.
    labels: Vec<(String, String)>,
    /// Whether the query does not check the dates.
    dates: bool,
    /// Whether the documents do not come newest first.
    sort: bool,
}

impl Plan {
    fn new(db: &Database, filter: &ExecutionFilter) -> Self {
        let mut query = Query::on(db.collection(EXECUTIONS));
        for (field, value) in [("flow", &filter.flow_id), ("trigger", &filter.trigger_id)] {
            if let Some(value) = value {
                query = query.and(field, Is::Equal, text(&**value));
            }
        }
        if let Some(execution) = &filter.triggered_by {
            query = query.and("firedBy", Is::Equal, text(execution.as_str()));
        }
        query = match filter.states.as_slice() {
            [] => query,
            [state] => query.and("state", Is::Equal, text(state.as_str())),
            states => {
                query.and("state", Is::In, list(states.iter().map(|state| text(State::as_str(*state)))))
            }
        };
        let below = filter.namespace.as_deref().filter(|_| !filter.exact_namespace);
        if let (Some(namespace), true) = (&filter.namespace, filter.exact_namespace) {
            query = query.and("namespace", Is::Equal, text(&**namespace));
        }
        let mut labels = filter.labels.clone();
        let first = if labels.is_empty() { None } else { Some(labels.remove(0)) };
        let tag = match (below, &first) {
            (None, None) => None,
            (Some(namespace), None) => Some(namespace_tag(namespace)),
            (None, Some((key, value))) => Some(label_tag(key, value)),
            (Some(namespace), Some((key, value))) => Some(both_tag(namespace, key, value)),
        };
        if let Some(tag) = tag {
            query = query.and("tags", Is::ArrayContains, text(tag));
        }
        if let Some((first, last)) = filter.slots {
            query = query
                .and("slot", Is::GreaterThanOrEqual, int(nanos(first)))
                .and("slot", Is::LessThanOrEqual, int(nanos(last)))
                .descending("slot");
            let dates = filter.start.is_some() || filter.end.is_some();
            return Self { query, labels, dates, sort: true };
        }
        for (is, date) in [(Is::GreaterThanOrEqual, filter.start), (Is::LessThanOrEqual, filter.end)] {
            if let Some(date) = date {
                query = query.and("start", is, int(nanos(date)));
            }
        }
        let (start, name) = ("start", NAME);
        query = if filter.oldest_first {
            query.ascending(start).ascending(name)
        } else {
            query.descending(start).descending(name)
        };
        Self { query, labels, dates: false, sort: false }
    }

    /// Whether the query alone is enough.
    fn is_exact(&self) -> bool {
        self.labels.is_empty() && !self.dates
    }

    fn admits(&self, filter: &ExecutionFilter, execution: &Execution) -> bool {
        let has = |(key, value): &(String, String)| {
            execution.labels.iter().any(|label| label.key == *key && label.value == *value)
        };
        let start = execution.state.start_date();
        self.labels.iter().all(has)
            && (!self.dates
                || filter.start.is_none_or(|first| start >= first)
                    && filter.end.is_none_or(|last| start <= last))
    }
}

/// Executions without their task runs, in the order of the filter, as a stream. `limit` and `offset` of the filter are
/// ignored.
pub(super) async fn stream(
    db: &Database,
    filter: &ExecutionFilter,
) -> Result<BoxStream<'static, Result<Execution, DbError>>, DbError> {
    let Plan { query, labels, dates, sort } = Plan::new(db, filter);
    let plan = Plan { query: query.clone(), labels, dates, sort };
    let found = read(db, query).await?;
    let filter = filter.clone();
    Ok(found.try_filter(move |execution| std::future::ready(plan.admits(&filter, execution))).boxed())
}

async fn read(
    db: &Database,
    query: Query,
) -> Result<BoxStream<'static, Result<Execution, DbError>>, DbError> {
    let documents = db.stream(query.only(&["body.execution"])).await?;
    let db = db.clone();
    Ok(documents
        .map(move |found| {
            let db = db.clone();
            async move { decode(&db, &found?).await }
        })
        .buffered(16)
        .try_filter_map(|execution| std::future::ready(Ok(execution)))
        .boxed())
}

async fn decode(db: &Database, found: &Found) -> Result<Option<Execution>, DbError> {
    match fetch_of(db, found, &found.name, "execution").await? {
        Some(json) => Ok(Some(serde_json::from_str(&json)?)),
        // The execution was deleted after the query found it.
        None => Ok(None),
    }
}

/// One page.
pub(super) async fn search(store: &Store, filter: &ExecutionFilter) -> Result<Vec<Execution>, DbError> {
    let db = &store.db;
    let plan = Plan::new(db, filter);
    if plan.is_exact() && !plan.sort {
        return page(store, filter, plan.query).await;
    }
    let offset = usize::try_from(filter.offset).unwrap_or(usize::MAX);
    let limit = if filter.limit == 0 { u32::MAX } else { filter.limit };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = stream(db, filter).await?;
    if !plan.sort {
        return found.skip(offset).take(limit).try_collect().await;
    }
    let mut found: Vec<Execution> = found.try_collect().await?;
    found.sort_by_key(|execution| execution.state.start_date());
    if !filter.oldest_first {
        found.reverse();
    }
    Ok(found.into_iter().skip(offset).take(limit).collect())
}

/// How many flows are searched at the same time.
const AT_ONCE: usize = 16;

/// The newest executions of each flow. Firestore has no query with a limit for each flow, so each flow is a query. They run
/// side by side, and read the executions that they return and no others.
pub(super) async fn newest(
    store: &Store,
    flows: &[FlowName],
    most: u32,
) -> Result<Vec<Vec<Execution>>, DbError> {
    let filters: Vec<_> = flows.iter().map(|flow| ExecutionFilter::newest_of(flow, most)).collect();
    futures::stream::iter(filters)
        .map(|filter| async move { search(store, &filter).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Where the next page begins: the start and the document of the last execution, and when it was read.
#[derive(Clone)]
pub(super) struct PageEnd {
    start: i64,
    document: String,
    read: Instant,
}

/// The search without its page, and the number of executions before the page.
pub(super) type PageKey = (String, u32);

/// A page of a search that the query alone answers.
async fn page(store: &Store, filter: &ExecutionFilter, query: Query) -> Result<Vec<Execution>, DbError> {
    let search = format!("{:?}", ExecutionFilter { limit: 0, offset: 0, ..filter.clone() });
    let known = store.pages.get(&(search.clone(), filter.offset));
    let known = known.filter(|end| filter.offset > 0 && end.read.elapsed() < FRESH);
    let query = query.limit(filter.limit);
    let query = match &known {
        Some(end) => query.after(vec![int(end.start), document(&end.document)]),
        None => query.offset(filter.offset),
    };
    let found: Vec<Execution> = read(&store.db, query).await?.try_collect().await?;
    let Some(last) = found.last() else { return Ok(found) };
    if known.is_none() {
        store.db.skipped(filter.offset.into());
    }
    let end = PageEnd {
        start: nanos(last.state.start_date()),
        document: execution_path(&store.db, &last.id),
        read: Instant::now(),
    };
    let after = filter.offset.saturating_add(u32::try_from(found.len()).unwrap_or(u32::MAX));
    let weight = search.len() + end.document.len();
    store.pages.put((search, after), end, weight);
    Ok(found)
}

/// All open executions, each with the time of its last write.
pub(super) async fn open(db: &Database) -> Result<Vec<(ExecutionId, Option<Timestamp>)>, DbError> {
    let filter = ExecutionFilter { states: State::open().collect(), ..ExecutionFilter::default() };
    let mut documents = db.stream(Plan::new(db, &filter).query.only(&["body.execution"])).await?;
    let mut open = Vec::new();
    while let Some(found) = documents.try_next().await? {
        if let Some(execution) = decode(db, &found).await? {
            let written =
                i64::try_from(found.version).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
            open.push((execution.id, written));
        }
    }
    Ok(open)
}

/// The number of matching executions: Firestore's own count if the query is enough, or else by reading them.
pub(super) async fn count(db: &Database, filter: &ExecutionFilter) -> Result<u64, DbError> {
    let plan = Plan::new(db, filter);
    if plan.is_exact() {
        return db.count(plan.query).await;
    }
    let found = stream(db, filter).await?;
    found.try_fold(0, |count, _| std::future::ready(Ok(count + 1))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_found_by_those_above_it() {
        assert_eq!(lineage("a.b.c"), ["a", "a.b", "a.b.c"]);
        assert_eq!(lineage("a"), ["a"]);
    }

    #[test]
    fn tags_stand_for_namespaces_labels_and_both() {
        let tags = tags("a.b", &[Label::new("k", "v")]);
        assert_eq!(tags, ["n:a", "n:a.b", "l:k=v", "n:a l:k=v", "n:a.b l:k=v"]);
    }

    #[test]
    fn no_two_labels_share_a_tag() {
        assert_ne!(label_tag("a=b", "c"), label_tag("a", "b=c"));
        assert_ne!(label_tag("a%3Db", "c"), label_tag("a=b", "c"));
        let long = "x".repeat(2_000);
        assert_ne!(label_tag("a", &format!("{long}1")), label_tag("a", &format!("{long}2")));
        assert!(label_tag("a", &long).len() < TAG_BYTES);
    }
}
