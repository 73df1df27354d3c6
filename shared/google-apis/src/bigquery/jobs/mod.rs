//! Jobs, in memory: begin a job, change it, and wait for it.
//!
//! `json` writes jobs as JSON, `routes` serves the requests about jobs, `query` the short form of a query in one
//! request, and `pages` the rows of a job.

mod json;
mod pages;
mod query;
pub(super) mod routes;

pub(super) use pages::{Wanted, respond};
pub(super) use query::query;

use super::results::Results;
use crate::refusal::Refusal;
use jiff::Timestamp;
use segue_ports::warehouse::QueryResult;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The parameters in the address of a request.
pub(crate) type Parameters = HashMap<String, String>;

/// The dataset of the tables with the results of queries. No dataset of a user has a name that begins with `_`.
pub(super) const RESULTS: &str = "_segue_results";
/// The largest number of jobs that are remembered. With one more, the oldest job that has ended is forgotten.
const MOST: usize = 10_000;
/// How long a job and its rows are remembered after its end. BigQuery keeps rows for 24 hours.
const KEPT_HOURS: i64 = 24;

/// All jobs.
pub(super) struct Jobs {
    inner: Mutex<Known>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Known {
    jobs: HashMap<String, Job>,
    /// The number of jobs so far, which gives their order.
    count: u64,
}

/// What a job has done.
#[derive(Clone)]
pub(super) struct Done {
    pub(super) result: QueryResult,
    /// The rows of the last statement. None if it has none, or if they are in a table.
    pub(super) rows: Option<Arc<Results>>,
}

/// One job.
#[derive(Clone)]
pub(super) struct Job {
    id: String,
    project: String,
    location: String,
    number: u64,
    /// The configuration in the request.
    configuration: Value,
    /// The id of the session of the query.
    session: Option<String>,
    parent: Option<String>,
    children: u64,
    began: Timestamp,
    ended: Option<Timestamp>,
    cancelled: CancellationToken,
    outcome: Option<Result<Done, Refusal>>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { inner: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Jobs {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str) -> Option<Job> {
        self.known().jobs.get(id).cloned()
    }

    /// Adds a job in state RUNNING.
    fn begin(&self, job: Job) -> Result<Job, Refusal> {
        let mut known = self.known();
        if let Some(used) = known.jobs.get(&job.id) {
            let name = format!("{}:{}.{}", used.project, used.location, used.id);
            return Err(Refusal::new("duplicate", format!("Already Exists: Job {name}")));
        }
        known.forget(job.began);
        known.count += 1;
        let job = Job { number: known.count, ..job };
        known.jobs.insert(job.id.clone(), job.clone());
        Ok(job)
    }

    /// Adds the finished job of one statement of a script.
    pub(super) fn add_child(
        &self,
        parent: &str,
        statement: &str,
        now: Timestamp,
        outcome: Result<Done, Refusal>,
    ) {
        let Some(script) = self.get(parent) else { return };
        let child = Job {
            id: format!("script_job_{parent}_{}", script.children),
            configuration: json!({"query": {"query": statement.trim(), "useLegacySql": false}}),
            parent: Some(parent.to_owned()),
            children: 0,
            began: now,
            ended: Some(now),
            outcome: Some(outcome),
            ..script
        };
        // The id contains the parent's id and a number, so it is always free.
        if self.begin(child).is_ok() {
            self.change(parent, |job| job.children += 1);
        }
    }

    pub(super) fn end(&self, id: &str, now: Timestamp, outcome: Result<Done, Refusal>) {
        self.change(id, |job| {
            job.ended = Some(now);
            job.outcome = Some(outcome);
        });
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.known().jobs.get_mut(id) {
            change(job);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Forgets a job and the jobs of its statements.
    fn remove(&self, id: &str) {
        self.known().jobs.retain(|known, job| known != id && job.parent.as_deref() != Some(id));
    }

    /// Waits until the job has ended. Returns false if `patience` ends first.
    async fn until_ended(&self, id: &str, patience: Duration) -> bool {
        let mut changes = self.changes.subscribe();
        let reached = async {
            while self.get(id).is_some_and(|job| job.outcome.is_none()) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, reached).await.is_ok()
    }

    /// The job, if the request names the right location. The API finds jobs in `US` and `EU` without a
    /// location.
    fn find(&self, project: &str, id: &str, parameters: &Parameters) -> Result<Job, Refusal> {
        let location = parameters.get("location").map(String::as_str);
        self.get(id)
            .filter(|job| match location {
                Some(location) => location.eq_ignore_ascii_case(&job.location),
                None => matches!(job.location.as_str(), "US" | "EU"),
            })
            .ok_or_else(|| Refusal::not_found(format!("Not found: Job {project}:{id}")))
    }

    /// The rows of the query with this table of results.
    pub(super) fn results(&self, table: &str) -> Option<Arc<Results>> {
        let known = self.known();
        let job = known.jobs.values().find(|job| job.results_table() == table)?;
        job.outcome.as_ref()?.as_ref().ok()?.rows.clone()
    }
}

impl Known {
    /// Forgets the jobs that ended long ago, and the oldest job if there are too many.
    fn forget(&mut self, now: Timestamp) {
        let oldest = now.checked_sub(jiff::SignedDuration::from_hours(KEPT_HOURS)).unwrap_or(Timestamp::MIN);
        self.jobs.retain(|_, job| job.ended.is_none_or(|ended| ended > oldest));
        if self.jobs.len() >= MOST {
            let ended = self.jobs.values().filter(|job| job.ended.is_some());
            if let Some(first) = ended.min_by_key(|job| job.number).map(|job| job.id.clone()) {
                self.jobs.remove(&first);
            }
        }
    }
}

impl Job {
    fn new(project: &str, id: &str, location: &str, configuration: &Value, began: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            project: project.to_owned(),
            location: location.to_owned(),
            number: 0,
            configuration: configuration.clone(),
            session: None,
            parent: None,
            children: 0,
            began,
            ended: None,
            cancelled: CancellationToken::new(),
            outcome: None,
        }
    }

    /// The session of the query, as the API describes it.
    fn session_info(&self) -> Option<Value> {
        self.session.as_ref().map(|id| json!({ "sessionId": id }))
    }

    /// The name of the table with the rows of a query.
    fn results_table(&self) -> String {
        format!("anon{}", self.number)
    }

    fn reference(&self) -> Value {
        json!({"projectId": self.project, "jobId": self.id, "location": self.location})
    }
}
