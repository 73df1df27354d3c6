//! Cloud Scheduler: jobs that publish to Pub/Sub at the times of a cron, or when `:run` asks for it.
//!
//! `POST /standin/scheduler` with `{most, isEnabled}` sets how many jobs there may be, and whether the project has the
//! API.

#![expect(clippy::disallowed_methods, reason = "a stand-in is a service of its own, with its own clock")]

use super::answer::{Answer, Refusal};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A job as it was written, and the time it publishes next.
struct Job {
    shown: Value,
    next: Timestamp,
}

struct Scheduler {
    jobs: Mutex<BTreeMap<String, Job>>,
    rules: Mutex<Rules>,
    /// The address of Pub/Sub.
    pubsub: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rules {
    most: usize,
    is_enabled: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { most: 1000, is_enabled: true }
    }
}

type Shared = State<Arc<Scheduler>>;
type Place = Path<(String, String)>;
type Name = Path<(String, String, String)>;

/// The routes. `pubsub` is the address of Pub/Sub's emulator. None: jobs publish nothing.
pub fn app(pubsub: Option<String>) -> Router {
    let scheduler = Arc::new(Scheduler { jobs: Mutex::default(), rules: Mutex::default(), pubsub });
    let weak = Arc::downgrade(&scheduler);
    tokio::spawn(async move {
        while let Some(scheduler) = weak.upgrade() {
            scheduler.publish_due().await;
            drop(scheduler);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let jobs = "/v1/projects/{project}/locations/{location}/jobs";
    Router::new()
        .route("/standin/scheduler", post(set))
        .route(jobs, post(create).get(list))
        .route(&format!("{jobs}/{{job}}"), get(read).patch(update).delete(remove).post(run))
        .with_state(scheduler)
}

impl Scheduler {
    fn jobs(&self) -> Result<MutexGuard<'_, BTreeMap<String, Job>>, Refusal> {
        if !self.rules.lock().unwrap_or_else(PoisonError::into_inner).is_enabled {
            return Err(Refusal::forbidden("Cloud Scheduler API has not been used in this project before"));
        }
        Ok(self.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes what is due, and returns when everything is published.
    async fn publish_due(&self) {
        let now = Timestamp::now();
        let mut due = Vec::new();
        for job in self.jobs.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            if job.next <= now {
                due.push(job.shown.clone());
                job.next = next(&job.shown).unwrap_or(Timestamp::MAX);
            }
        }
        for job in due {
            self.publish(&job).await;
        }
    }

    async fn publish(&self, job: &Value) {
        let (Some(pubsub), Some(target)) = (&self.pubsub, job.get("pubsubTarget")) else { return };
        let topic = target.get("topicName").and_then(Value::as_str).unwrap_or_default();
        let message = json!({"data": target.get("data"), "attributes": target.get("attributes")});
        let posted = reqwest::Client::new()
            .post(format!("{pubsub}/v1/{topic}:publish"))
            .json(&json!({"messages": [message]}))
            .send();
        // A job that fails waits for its next time.
        let _ = posted.await;
    }
}

/// The next time of a job's cron.
fn next(job: &Value) -> Result<Timestamp, Refusal> {
    let text = |name: &str| job.get(name).and_then(Value::as_str).unwrap_or_default();
    let wrong = |what: &str| Refusal::invalid(format!("{what} is invalid"));
    let schedule = text("schedule");
    let is_known = schedule.split(' ').count() == 5 && !schedule.contains(['L', 'W', '#', '?']);
    let cron: Cron = schedule.parse().ok().filter(|_| is_known).ok_or_else(|| wrong("schedule"))?;
    let zone = match text("timeZone") {
        "" => TimeZone::UTC,
        name => TimeZone::get(name).map_err(|_| wrong("time_zone"))?,
    };
    let found = cron.find_next_occurrence(&Timestamp::now().to_zoned(zone), false);
    found.map(|found| found.timestamp()).map_err(|_| wrong("schedule"))
}

async fn set(State(scheduler): Shared, Json(rules): Json<Rules>) -> Answer {
    *scheduler.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    Ok(Json(json!({})))
}

fn parent(Path((project, location)): &Place) -> String {
    format!("projects/{project}/locations/{location}/jobs/")
}

fn name(Path((project, location, job)): &Name) -> String {
    format!("projects/{project}/locations/{location}/jobs/{job}")
}

async fn create(State(scheduler): Shared, place: Place, Json(job): Json<Value>) -> Answer {
    let name = job.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = name.strip_prefix(&parent(&place)).unwrap_or_default();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if id.is_empty() || id.len() > 500 || !id.chars().all(is_plain) {
        return Err(Refusal::invalid(format!(
            "Job name must be formatted: projects/*/locations/*/jobs/*, not {name}"
        )));
    }
    let next = next(&job)?;
    let most = scheduler.rules.lock().unwrap_or_else(PoisonError::into_inner).most;
    let mut jobs = scheduler.jobs()?;
    if jobs.contains_key(&name) {
        return Err(Refusal::already_exists(&name));
    }
    if jobs.len() >= most {
        return Err(Refusal::exhausted(format!("The number of jobs may not exceed {most}")));
    }
    jobs.insert(name, Job { shown: job.clone(), next });
    Ok(Json(job))
}

async fn read(State(scheduler): Shared, path: Name) -> Answer {
    let name = name(&path);
    let jobs = scheduler.jobs()?;
    Ok(Json(jobs.get(&name).ok_or_else(|| Refusal::not_found(&name))?.shown.clone()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mask {
    update_mask: String,
}

async fn update(
    State(scheduler): Shared,
    path: Name,
    Query(mask): Query<Mask>,
    Json(job): Json<Value>,
) -> Answer {
    let name = name(&path);
    let mut jobs = scheduler.jobs()?;
    let there = jobs.get_mut(&name).ok_or_else(|| Refusal::not_found(&name))?;
    let mut changed = there.shown.clone();
    for field in mask.update_mask.split(',') {
        let (Some(fields), Some(value)) = (changed.as_object_mut(), job.get(field)) else {
            return Err(Refusal::invalid(format!("{field} is no field of the job")));
        };
        fields.insert(field.to_owned(), value.clone());
    }
    there.next = next(&changed)?;
    there.shown = changed;
    Ok(Json(there.shown.clone()))
}

async fn remove(State(scheduler): Shared, path: Name) -> Answer {
    let name = name(&path);
    scheduler.jobs()?.remove(&name).ok_or_else(|| Refusal::not_found(&name))?;
    Ok(Json(json!({})))
}

/// `jobs/JOB:run`: publishes now.
async fn run(State(scheduler): Shared, path: Name) -> Answer {
    let path = name(&path);
    let name = path.strip_suffix(":run").ok_or_else(|| Refusal::invalid("only :run is known"))?;
    let found = scheduler.jobs()?.get(name).map(|job| job.shown.clone());
    let job = found.ok_or_else(|| Refusal::not_found(name))?;
    scheduler.publish(&job).await;
    Ok(Json(job))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    page_size: usize,
    page_token: String,
}

impl Default for Page {
    fn default() -> Self {
        Self { page_size: 500, page_token: String::new() }
    }
}

async fn list(State(scheduler): Shared, place: Place, Query(page): Query<Page>) -> Answer {
    let parent = parent(&place);
    let jobs = scheduler.jobs()?;
    let matching: Vec<_> =
        jobs.iter().filter(|(name, _)| name.starts_with(&parent) && **name > page.page_token).collect();
    // Pages are short, so that a client that reads only one page is noticed.
    let shown: Vec<_> = matching.iter().take(page.page_size.clamp(1, 2)).collect();
    let next = if shown.len() < matching.len() { shown.last().map_or("", |(name, _)| name) } else { "" };
    let listed: Vec<&Value> = shown.iter().map(|(_, job)| &job.shown).collect();
    Ok(Json(json!({"jobs": listed, "nextPageToken": next})))
}
