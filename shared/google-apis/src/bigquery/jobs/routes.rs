//! The requests about jobs.

use super::super::BigQuery;
use super::super::run::{self, Asked};
use super::{Done, Job, Parameters};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use segue_ports::random_name;
use serde_json::{Value, json};
use std::sync::Arc;

/// The location of a job if the request names no location.
pub(super) const LOCATION: &str = "US";
/// The number of jobs of a page of a list, if the request names no number.
const PAGE: usize = 1000;

/// `jobs.insert`.
pub(in super::super) async fn insert(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    begin(&bigquery, &project, &body?.0, None).await
}

/// Begins a job. `upload` is the address of a file that came with it.
pub(in super::super) async fn begin(
    bigquery: &Arc<BigQuery>,
    project: &str,
    body: &Value,
    upload: Option<&str>,
) -> Result<Json<Value>, Refusal> {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let configuration = body.get("configuration").cloned().unwrap_or_default();
    let location = text("/jobReference/location").unwrap_or(LOCATION);
    let job = begin_with(bigquery, project, text("/jobReference/jobId"), location, &configuration, upload);
    Ok(Json(job.await?.json()))
}

/// Begins a job, or runs it to its end if it is a dry run.
pub(super) async fn begin_with(
    bigquery: &Arc<BigQuery>,
    project: &str,
    id: Option<&str>,
    location: &str,
    configuration: &Value,
    upload: Option<&str>,
) -> Result<Job, Refusal> {
    let asked = Asked::read(configuration, project, upload)?;
    let id = match id {
        Some(id) if id.len() > 1024 || !id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) => {
            return Err(Refusal::invalid(format!("Invalid job ID \"{id}\"")));
        }
        Some(id) => id.to_owned(),
        None => format!("job_{}", random_name()),
    };
    let job = Job {
        session: asked.session().map(str::to_owned),
        ..Job::new(project, &id, location, configuration, bigquery.clock.now())
    };
    if let Some(dry) = asked.dry_run() {
        let result = bigquery.warehouse.query(dry.clone()).await?;
        let ended = Some(bigquery.clock.now());
        return Ok(Job { outcome: Some(Ok(Done { result, rows: None })), ended, ..job });
    }
    let job = bigquery.jobs.begin(job)?;
    tokio::spawn(run::run(Arc::clone(bigquery), id, asked, job.cancelled.clone()));
    Ok(job)
}

/// `jobs.get`.
pub(in super::super) async fn show(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(bigquery.jobs.find(&project, &id, &parameters)?.json()))
}

/// `jobs.list`, newest first. If the request names a script, only the jobs of this script.
pub(in super::super) async fn list(
    State(bigquery): State<Arc<BigQuery>>,
    Path(_project): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Json<Value> {
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<usize>().ok());
    let parent = parameters.get("parentJobId");
    let state = parameters.get("stateFilter").map(|state| state.to_ascii_uppercase());
    let mut jobs: Vec<Job> = bigquery
        .jobs
        .known()
        .jobs
        .values()
        .filter(|job| job.parent.as_ref() == parent)
        .filter(|job| state.as_ref().is_none_or(|state| (state == "DONE") == job.outcome.is_some()))
        .cloned()
        .collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.number));
    let (first, most) =
        (number("pageToken").unwrap_or_default(), number("maxResults").unwrap_or(PAGE).min(PAGE));
    let end = first.saturating_add(most).min(jobs.len());
    let shown = jobs.get(first..end).unwrap_or_default().iter().map(listed).collect::<Vec<_>>();
    let mut answer = json!({"kind": "bigquery#jobList", "etag": jobs.len().to_string(), "jobs": shown});
    if let (Value::Object(answer), true) = (&mut answer, end < jobs.len()) {
        answer.insert("nextPageToken".to_owned(), json!(end.to_string()));
    }
    Json(answer)
}

/// A job in a list has its state and its error outside its status too.
fn listed(job: &Job) -> Value {
    let mut shown = job.json();
    if let Value::Object(shown) = &mut shown {
        let status = shown.get("status").cloned().unwrap_or_default();
        shown.insert("state".to_owned(), status.get("state").cloned().unwrap_or_default());
        if let Some(error) = status.get("errorResult") {
            shown.insert("errorResult".to_owned(), error.clone());
        }
    }
    shown
}

/// `jobs.cancel`. A job that has ended is not changed.
pub(in super::super) async fn cancel(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, Refusal> {
    let job = bigquery.jobs.find(&project, &id, &parameters)?;
    job.cancelled.cancel();
    Ok(Json(json!({"kind": "bigquery#jobCancelResponse", "job": job.json()})))
}

/// `jobs.delete`. Removes the description of a job that has ended, and its rows.
pub(in super::super) async fn delete(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, Refusal> {
    let job = bigquery.jobs.find(&project, &id, &parameters)?;
    if job.outcome.is_none() {
        return Err(Refusal::invalid(format!("the job {id} is running; cancel it first")));
    }
    bigquery.jobs.remove(&id);
    Ok(StatusCode::NO_CONTENT)
}

/// `jobs.getQueryResults`.
pub(in super::super) async fn results(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<axum::response::Response, Refusal> {
    bigquery.jobs.find(&project, &id, &parameters)?;
    super::pages::results(&bigquery, &project, &id, &parameters, "bigquery#getQueryResultsResponse").await
}
