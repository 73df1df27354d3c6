//! Firestore as the adapter uses it: documents are read by name or by query, and written in commits with
//! conditions.
//!
//! What it is: a thin layer over the gRPC client of the crate `firestore`. A commit is one atomic, optimistic
//! request: each write may have the condition that its document does not exist, or has not changed since a
//! version. No transaction stays open, so nobody waits for a lock. Every operation is counted.
//!
//! What it must not know: what is stored.

pub(crate) mod counts;
mod deadline;
pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod names;
mod proof;
pub(crate) mod query;
pub(crate) mod text;
pub(crate) mod write;

use crate::config::PlatformConfig;
use counts::{Counters, OperationCounts};
use deadline::Deadline;
use document::{Found, Version, as_int, version};
use error::DbError;
use firestore::gcloud_sdk::GoogleAuthMiddleware;
use firestore::gcloud_sdk::google::firestore::v1::batch_get_documents_response::Result as Got;
use firestore::gcloud_sdk::google::firestore::v1::firestore_client::FirestoreClient;
use firestore::gcloud_sdk::google::firestore::v1::run_aggregation_query_request::QueryType as AggregationType;
use firestore::gcloud_sdk::google::firestore::v1::run_query_request::{ConsistencySelector, QueryType};
use firestore::gcloud_sdk::google::firestore::v1::structured_aggregation_query::{
    Aggregation, QueryType as Aggregated, aggregation,
};
use firestore::gcloud_sdk::google::firestore::v1::{
    BatchGetDocumentsRequest, CommitRequest, DocumentMask, RunAggregationQueryRequest, RunQueryRequest,
    RunQueryResponse, StructuredAggregationQuery, Write,
};
use firestore::gcloud_sdk::prost::Message as _;
use firestore::gcloud_sdk::tonic::{Code, Streaming};
use firestore::{FirestoreDb, FirestoreDbOptions};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use google_cloud_auth::credentials::anonymous;
use proof::Proof;
use query::Query;
use segue_ports::{Clock as _, PortError, SystemClock};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The largest request of a commit, in bytes. Firestore accepts 10 MiB.
const COMMIT_BYTES: usize = 9 << 20;
/// The size of a commit that can be split, in bytes. The emulator accepts 4 MiB.
const PIECE_BYTES: usize = 3 << 20;

/// How long the check at the start waits for an answer.
const EXISTS: Duration = Duration::from_secs(5);
/// How often a transient failure is retried.
const TRIES: u32 = 6;
/// How long a commit is tried again that may have been written.
const UNSURE: Duration = Duration::from_secs(5);
/// How long a read is tried again.
const AGAIN: Duration = Duration::from_secs(15);

/// A connection to one database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Database {
    connection: FirestoreDb,
    prefix: Arc<str>,
    counters: Arc<Counters>,
    deadline: Deadline,
}

/// Documents read by name, in the order of the names, and the time of the snapshot.
pub(crate) struct Snapshot {
    pub(crate) documents: Vec<Option<Found>>,
    pub(crate) time: Version,
}

impl Database {
    /// Connects to the emulator if the configuration names one, or else to the service.
    pub(crate) async fn connect(config: &PlatformConfig) -> Result<Self, DbError> {
        let options =
            FirestoreDbOptions::new(config.project.clone()).with_database_id(config.database.clone());
        let connection = match &config.emulators.firestore {
            Some(url) => {
                let options = options.with_firebase_api_url(url.clone());
                FirestoreDb::with_options_auth(options, anonymous::Builder::new().build()).await?
            }
            None => FirestoreDb::with_options(options).await?,
        };
        Ok(Self {
            connection,
            prefix: config.prefix.as_str().into(),
            counters: Arc::default(),
            deadline: Deadline::default(),
        })
    }

    pub(crate) fn counts(&self) -> OperationCounts {
        self.counters.now()
    }

    /// Counts documents that a query skipped. Firestore bills them as read.
    pub(crate) fn skipped(&self, documents: u64) {
        self.counters.read(documents);
    }

    /// Counts a write of an execution's document.
    pub(crate) fn wrote_execution(&self) {
        self.counters.wrote_execution();
    }

    /// The name of a collection.
    pub(crate) fn collection(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}-{name}", self.prefix) }
    }

    /// The name of a document in a top-level collection.
    pub(crate) fn path(&self, collection: &str, id: &str) -> String {
        format!("{}/{}/{id}", self.connection.get_documents_path(), self.collection(collection))
    }

    /// The name of a document in a collection below another document.
    pub(crate) fn below(&self, parent: &str, collection: &str, id: &str) -> String {
        format!("{parent}/{}/{id}", self.collection(collection))
    }

    fn client(&self) -> FirestoreClient<GoogleAuthMiddleware> {
        self.connection.client().get()
    }

    /// One document.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Found>, DbError> {
        let mut snapshot = self.get_all(vec![path.to_owned()], &[]).await?;
        Ok(snapshot.documents.pop().flatten())
    }

    /// Documents by name, all of the same time. If `fields` is not empty, only these fields.
    pub(crate) async fn get_all(&self, paths: Vec<String>, fields: &[&str]) -> Result<Snapshot, DbError> {
        let mask = (!fields.is_empty())
            .then(|| DocumentMask { field_paths: fields.iter().map(|field| (*field).to_owned()).collect() });
        let request = BatchGetDocumentsRequest {
            database: self.connection.get_database_path().clone(),
            documents: paths.clone(),
            mask,
            ..BatchGetDocumentsRequest::default()
        };
        let (mut found, time) = again(|| self.batch_get(request.clone())).await?;
        self.counters.read(u64::try_from(paths.len()).unwrap_or(u64::MAX));
        Ok(Snapshot { documents: paths.iter().map(|path| found.remove(path)).collect(), time })
    }

    /// Whether the database exists. One read. If Firestore does not answer in time, the database counts as existing.
    pub(crate) async fn exists(&self) -> bool {
        let request = BatchGetDocumentsRequest {
            database: self.connection.get_database_path().clone(),
            documents: vec![self.path("flows", "none")],
            ..BatchGetDocumentsRequest::default()
        };
        self.counters.read(1);
        let answer = tokio::time::timeout(EXISTS, self.batch_get(request)).await;
        !matches!(answer, Ok(Err(DbError::Refused)))
    }

    async fn batch_get(
        &self,
        request: BatchGetDocumentsRequest,
    ) -> Result<(HashMap<String, Found>, Version), DbError> {
        let mut client = self.client();
        let mut answers = self.deadline.keep(client.batch_get_documents(request)).await?.into_inner();
        let mut found = HashMap::new();
        let mut time = 0;
        while let Some(answer) = self.deadline.keep(answers.message()).await? {
            time = time.max(version(answer.read_time.as_ref()));
            if let Some(Got::Found(document)) = answer.result {
                found.insert(document.name.clone(), Found::new(document));
            }
        }
        Ok((found, time))
    }

    /// All documents of a query.
    pub(crate) async fn query(&self, query: Query) -> Result<Vec<Found>, DbError> {
        self.stream(query).await?.try_collect().await
    }

    /// The documents of a query, as a stream.
    pub(crate) async fn stream(
        &self,
        query: Query,
    ) -> Result<BoxStream<'static, Result<Found, DbError>>, DbError> {
        let request = RunQueryRequest {
            parent: self.parent(&query),
            consistency_selector: query.read_time().map(ConsistencySelector::ReadTime),
            query_type: Some(QueryType::StructuredQuery(query.structured())),
            ..RunQueryRequest::default()
        };
        let answers = again(|| self.run_query(request.clone())).await?;
        let (counters, deadline) = (self.counters.clone(), self.deadline);
        let state = (answers, false, counters);
        Ok(stream::try_unfold(state, move |(mut answers, seen, counters)| async move {
            loop {
                match deadline.keep(answers.message()).await? {
                    Some(RunQueryResponse { document: Some(document), .. }) => {
                        counters.read(1);
                        return Ok(Some((Found::new(document), (answers, true, counters))));
                    }
                    Some(_) => {}
                    None => {
                        // Firestore bills a query without results as one read.
                        counters.read(u64::from(!seen));
                        return Ok(None);
                    }
                }
            }
        })
        .boxed())
    }

    async fn run_query(&self, request: RunQueryRequest) -> Result<Streaming<RunQueryResponse>, DbError> {
        Ok(self.deadline.keep(self.client().run_query(request)).await?.into_inner())
    }

    fn parent(&self, query: &Query) -> String {
        query.parent.clone().unwrap_or_else(|| self.connection.get_documents_path().clone())
    }

    /// The number of documents that match a query.
    pub(crate) async fn count(&self, query: Query) -> Result<u64, DbError> {
        let count = aggregation::Operator::Count(aggregation::Count { up_to: None });
        let request = RunAggregationQueryRequest {
            parent: self.parent(&query),
            query_type: Some(AggregationType::StructuredAggregationQuery(StructuredAggregationQuery {
                aggregations: vec![Aggregation { alias: "count".to_owned(), operator: Some(count) }],
                query_type: Some(Aggregated::StructuredQuery(query.structured())),
            })),
            ..RunAggregationQueryRequest::default()
        };
        let count = again(|| self.run_count(request.clone())).await?;
        // Up to a thousand index entries are one read.
        self.counters.read(count.div_ceil(1_000).max(1));
        Ok(count)
    }

    async fn run_count(&self, request: RunAggregationQueryRequest) -> Result<u64, DbError> {
        let mut answers =
            self.deadline.keep(self.client().run_aggregation_query(request)).await?.into_inner();
        let mut count = 0;
        while let Some(answer) = self.deadline.keep(answers.message()).await? {
            let fields = answer.result.map(|result| result.aggregate_fields).unwrap_or_default();
            if let Some(number) = fields.get("count").and_then(as_int) {
                count = u64::try_from(number).unwrap_or_default();
            }
        }
        Ok(count)
    }

    /// Writes everything or nothing, and returns the version of the first document.
    ///
    /// # Errors
    /// [`DbError::Refused`] when a condition does not hold.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<Version, DbError> {
        if writes.is_empty() {
            return Ok(0);
        }
        let bytes: usize = writes.iter().map(Write::encoded_len).sum();
        if bytes > COMMIT_BYTES {
            return Err(PortError::invalid(format!(
                "{} documents of {bytes} bytes in all are more than Firestore takes at once ({COMMIT_BYTES}): \
                 keep large values in internal storage",
                writes.len()
            ))
            .into());
        }
        let deletes = writes.iter().filter(|write| write::is_delete(write)).count();
        let (deletes, puts) = (deletes as u64, writes.len().saturating_sub(deletes) as u64);
        let request = CommitRequest {
            database: self.connection.get_database_path().clone(),
            writes,
            ..CommitRequest::default()
        };
        let time = self.commit_request(request).await.inspect_err(|error| {
            if matches!(error, DbError::Refused) {
                self.counters.refused();
            }
        })?;
        self.counters.wrote(puts, deletes);
        Ok(time)
    }

    /// An aborted commit wrote nothing and is tried again. After other failures it is unknown whether the commit was
    /// written, so the documents are read. A commit that was not written is tried again if it has a condition. If
    /// nothing can be found out, the next delivery of the same message continues.
    async fn commit_request(&self, request: CommitRequest) -> Result<Version, DbError> {
        let proof = Proof::of(&request.writes);
        let (mut tries, mut is_unsure, began) = (0, false, Instant::now());
        loop {
            let error = match self.deadline.keep(self.client().commit(request.clone())).await {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    let first = answer.write_results.first().and_then(|result| result.update_time.as_ref());
                    return Ok(version(first.or(answer.commit_time.as_ref())));
                }
                Err(error) => error,
            };
            let is_aborted = matches!(&error, DbError::Status(status) if status.code() == Code::Aborted);
            is_unsure |= error.is_passing() && !is_aborted;
            if is_unsure {
                let Some(proof) = &proof else { return Err(error) };
                let Ok(found) = self.get_all(proof.paths(), &[]).await else { return Err(error) };
                if let Some(version) = proof.version(&found.documents) {
                    return Ok(version);
                }
                if !proof.is_guarded || began.elapsed() > UNSURE {
                    return Err(error);
                }
            }
            if !error.is_passing() || tries >= TRIES {
                return Err(error);
            }
            pause(tries).await;
            tries += 1;
        }
    }

    /// Whether the writes fit into one commit.
    pub(crate) fn fits<'a>(&self, writes: impl Iterator<Item = &'a Write>) -> bool {
        writes.map(Write::encoded_len).sum::<usize>() <= PIECE_BYTES
    }

    /// Writes in as many commits as needed. Only for documents that nothing refers to.
    pub(crate) async fn commit_in_pieces(&self, writes: Vec<Write>) -> Result<(), DbError> {
        let mut piece = Vec::new();
        let mut bytes = 0;
        for write in writes {
            let more = write.encoded_len();
            if !piece.is_empty() && (bytes + more > PIECE_BYTES || piece.len() >= 500) {
                self.commit(std::mem::take(&mut piece)).await?;
                bytes = 0;
            }
            bytes += more;
            piece.push(write);
        }
        self.commit(piece).await?;
        Ok(())
    }
}

/// Repeats a read after a transient failure.
async fn again<T, F>(ask: impl Fn() -> F) -> Result<T, DbError>
where
    F: Future<Output = Result<T, DbError>>,
{
    let (mut tries, began) = (0, Instant::now());
    loop {
        match ask().await {
            Err(error) if error.is_passing() && tries < TRIES && began.elapsed() < AGAIN => {
                pause(tries).await
            }
            // A read has no condition. A refusal here means a missing index or database.
            Err(DbError::Refused) => {
                return Err(PortError::unavailable(
                    "state store",
                    "the database or one of its indexes is missing (docs/firestore.md lists them)",
                )
                .into());
            }
            answer => return answer,
        }
        tries += 1;
    }
}

/// Waits before the next try. The wait grows, and is random, so that processes that failed together do not
/// try again together.
pub(crate) async fn pause(tries: u32) {
    let longest = 10_u64 << tries.min(6);
    let nanosecond = SystemClock.now().subsec_nanosecond().unsigned_abs();
    let wait = longest / 2 + u64::from(nanosecond) % (longest / 2);
    tokio::time::sleep(Duration::from_millis(wait)).await;
}
