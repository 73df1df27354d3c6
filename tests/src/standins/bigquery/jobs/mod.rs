//! Jobs, in memory: begin a job, change it, and wait for it.
//!
//! `json` writes jobs as JSON, and `routes` serves the requests about jobs.

#![expect(clippy::disallowed_methods, reason = "a stand-in is a service of its own, with its own clock")]

mod json;
pub(super) mod routes;

use super::refusal::Refusal;
use jiff::Timestamp;
use segue_ports::warehouse::QueryResult;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

pub(super) type Parameters = HashMap<String, String>;

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
    /// The statements that have already failed on purpose, so they do not fail again.
    failed: HashSet<String>,
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
    parent: Option<String>,
    children: u64,
    began: Timestamp,
    ended: Option<Timestamp>,
    cancelled: bool,
    outcome: Option<Result<QueryResult, Refusal>>,
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
        known.count += 1;
        let job = Job { number: known.count, ..job };
        known.jobs.insert(job.id.clone(), job.clone());
        Ok(job)
    }

    /// Adds the finished job of one statement of a script.
    pub(super) fn add_child(&self, parent: &str, statement: &str, outcome: Result<QueryResult, Refusal>) {
        let Some(script) = self.get(parent) else { return };
        let now = Timestamp::now();
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

    pub(super) fn end(&self, id: &str, outcome: Result<QueryResult, Refusal>) {
        self.change(id, |job| {
            job.ended = Some(Timestamp::now());
            job.outcome = Some(outcome);
        });
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.known().jobs.get_mut(id) {
            change(job);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Whether these statements must fail on purpose, because they run for the first time.
    pub(super) fn fails_first(&self, statements: &str) -> bool {
        self.known().failed.insert(statements.to_owned())
    }

    /// Waits until the job matches `wanted`. Returns false if `patience` ends first.
    pub(super) async fn until(&self, id: &str, patience: Duration, wanted: impl Fn(&Job) -> bool) -> bool {
        let mut changes = self.changes.subscribe();
        let reached = async {
            while !self.get(id).is_none_or(|job| wanted(&job)) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, reached).await.is_ok()
    }

    pub(super) fn is_cancelled(&self, id: &str) -> bool {
        self.get(id).is_some_and(|job| job.cancelled)
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
}

impl Job {
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn new(project: &str, id: &str, location: &str, configuration: &Value) -> Self {
        Self {
            id: id.to_owned(),
            project: project.to_owned(),
            location: location.to_owned(),
            number: 0,
            configuration: configuration.clone(),
            parent: None,
            children: 0,
            began: Timestamp::now(),
            ended: None,
            cancelled: false,
            outcome: None,
        }
    }
}
