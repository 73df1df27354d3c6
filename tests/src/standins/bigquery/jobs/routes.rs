//! The requests about jobs.

#![expect(clippy::disallowed_methods, reason = "a stand-in is a service of its own, with its own clock")]

use super::super::refusal::Refusal;
use super::super::run::{self, Asked};
use super::super::{BigQuery, shape};
use super::{Job, Parameters};
use axum::Json;
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The largest number of rows of a page.
const PAGE: usize = 1000;
/// The wait for a job if the request does not set a wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// The location of a job if the request names no location.
const LOCATION: &str = "US";

/// `jobs.insert`.
pub(in super::super) async fn insert(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    begin(&bigquery, &project, &body, None).await
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
    let asked = Asked::read(&configuration, project, upload)?;
    let id = match text("/jobReference/jobId") {
        Some(id) if id.len() > 1024 || !id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) => {
            return Err(Refusal::new("invalid", format!("Invalid job ID \"{id}\"")));
        }
        Some(id) => id.to_owned(),
        None => format!("job_{:032x}", rand::random::<u128>()),
    };
    let job = Job::new(project, &id, location, &configuration);
    if asked.job.dry_run {
        let outcome = bigquery.warehouse.query(asked.job).await?;
        let done = Job { outcome: Some(Ok(outcome)), ended: Some(Timestamp::now()), ..job };
        return Ok(Json(done.json()));
    }
    let job = bigquery.jobs.begin(job)?;
    tokio::spawn(run::run(bigquery.clone(), id, asked));
    Ok(Json(job.json()))
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
    let parent = parameters.get("parentJobId");
    let mut jobs: Vec<Job> =
        bigquery.jobs.known().jobs.values().filter(|job| job.parent.as_ref() == parent).cloned().collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.number));
    Json(json!({"kind": "bigquery#jobList", "jobs": jobs.iter().map(Job::json).collect::<Vec<_>>()}))
}

/// `jobs.cancel`. A job that has ended is not changed.
pub(in super::super) async fn cancel(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, Refusal> {
    let job = bigquery.jobs.find(&project, &id, &parameters)?;
    bigquery.jobs.change(&id, |job| job.cancelled = true);
    Ok(Json(json!({"kind": "bigquery#jobCancelResponse", "job": job.json()})))
}

/// `jobs.getQueryResults`.
pub(in super::super) async fn results(
    State(bigquery): State<Arc<BigQuery>>,
    Path((project, id)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, Refusal> {
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<u64>().ok());
    bigquery.jobs.find(&project, &id, &parameters)?;
    let patience = number("timeoutMs").map_or(PATIENCE, Duration::from_millis);
    bigquery.jobs.until(&id, patience, |job| job.outcome.is_some()).await;
    let job = bigquery.jobs.find(&project, &id, &parameters)?;
    let reference = json!({"projectId": job.project, "jobId": job.id, "location": job.location});
    let result = match job.outcome.clone() {
        None => return Ok(Json(json!({"jobComplete": false, "jobReference": reference}))),
        Some(outcome) => outcome?,
    };
    let most = number("maxResults").map_or(PAGE, |most| usize::try_from(most).unwrap_or(PAGE).min(PAGE));
    let result = if most > 0 { with_rows(&bigquery, &job, result).await? } else { result };
    let first = number("pageToken").and_then(|first| usize::try_from(first).ok()).unwrap_or_default();
    let rows = result.rows.get(first..).unwrap_or_default();
    let rows = rows.get(..most).unwrap_or(rows);
    let schema = shape::schema(&result.schema);
    let exact = parameters.get("formatOptions.useInt64Timestamp").is_some_and(|text| text == "true");
    let mut answer = json!({
        "kind": "bigquery#getQueryResultsResponse",
        "jobComplete": true,
        "jobReference": reference,
        "totalRows": result.total_rows.to_string(),
        "rows": shape::rows(&schema, rows, exact),
        "schema": schema,
    });
    if let (Some(answer), true) = (answer.as_object_mut(), first + rows.len() < result.rows.len()) {
        answer.insert("pageToken".to_owned(), json!((first + rows.len()).to_string()));
    }
    Ok(Json(answer))
}

/// Reads the current rows of the destination table, for a job with a destination. The rows of other jobs are not
/// changed.
async fn with_rows(bigquery: &BigQuery, job: &Job, result: QueryResult) -> Result<QueryResult, Refusal> {
    let written = result.destination_table.clone().filter(|_| result.statement_kind == "SELECT");
    let Some(table) = written.filter(|_| job.children == 0 && result.schema.is_empty()) else {
        return Ok(result);
    };
    let sql = format!("SELECT * FROM `{}.{}`", table.dataset, table.table);
    Ok(bigquery.warehouse.query(QueryJob { sql, ..QueryJob::default() }).await?)
}
