//! BigQuery's REST API (version 2) over the warehouse of the platform: jobs that run outside of their requests, results
//! in pages, datasets, tables, rows.
//!
//! `jobs` keeps jobs, `run` and `transfer` run them, `results` keeps their rows, and `uploads` takes files to load.
//! `shape` and `types` write BigQuery's JSON, and `fields` refuses what the platform does not know. `datasets`, `tables`
//! and `rows` serve the rest. It must not know which engine answers.
//!
//! Jobs are in memory, so they are forgotten when the process ends. There is one project: every name of a project is
//! accepted, and all projects have the same tables.
//!
//! To add a request, add a route in [`routes`].

mod datasets;
mod discovery;
mod jobs;
mod parameters;
mod results;
mod rows;
mod run;
mod script;
mod sessions;
mod shape;
mod tables;
mod transfer;
mod types;
mod uploads;

use crate::refusal::Refusal;
use crate::uploads::Uploads;
use async_trait::async_trait;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use jobs::{Jobs, Parameters, routes as jobs_routes};
use segue_ports::warehouse::{QueryJob, Warehouse};
use segue_ports::{Clock, ObjectStore};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The folder of the platform's files in the bucket that has the files of load jobs.
const UPLOADS: &str = "google-uploads";
/// The largest request without a file, in bytes. BigQuery takes 10 MB.
const LARGEST: usize = 16 << 20;

/// Looks at each statement before it runs. Stand-ins in tests inject failures and delays here.
#[async_trait]
pub trait BeforeStatement: Send + Sync {
    /// Called before a statement of a job with these labels. `job` is the text of all statements, or the configuration
    /// of a load, copy or extract. `number` counts the statements from 0.
    ///
    /// # Errors
    /// The failure of the job.
    async fn before(
        &self,
        labels: &BTreeMap<String, String>,
        job: &str,
        number: usize,
    ) -> Result<(), Refusal>;
}

/// What the API works with.
pub struct BigQueryParts {
    /// Datasets, tables and queries.
    pub warehouse: Arc<dyn Warehouse>,
    /// The buckets that the warehouse reads.
    pub objects: Arc<dyn ObjectStore>,
    /// A bucket for uploaded files until they are loaded. It must exist.
    pub bucket: String,
    /// A folder for uploads that are not complete, and for results. It must exist.
    pub folder: PathBuf,
    /// The name of the project in lists. Every other name works too.
    pub project: String,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Looks at statements. None in the product.
    pub before: Option<Arc<dyn BeforeStatement>>,
}

/// The API's state.
struct BigQuery {
    warehouse: Arc<dyn Warehouse>,
    objects: Arc<dyn ObjectStore>,
    bucket: String,
    folder: PathBuf,
    project: String,
    clock: Arc<dyn Clock>,
    before: Option<Arc<dyn BeforeStatement>>,
    jobs: Jobs,
    uploads: Uploads<Value>,
}

impl BigQuery {
    async fn before(
        &self,
        labels: &BTreeMap<String, String>,
        job: &str,
        number: usize,
    ) -> Result<(), Refusal> {
        match &self.before {
            Some(before) => before.before(labels, job, number).await,
            None => Ok(()),
        }
    }

    /// Runs a statement without rows.
    async fn run_sql(&self, sql: String) -> Result<(), Refusal> {
        self.warehouse.query(QueryJob { sql, ..QueryJob::default() }).await?;
        Ok(())
    }
}

/// The routes.
pub fn routes(parts: BigQueryParts) -> Router {
    let BigQueryParts { warehouse, objects, bucket, folder, project, clock, before } = parts;
    let uploads = Uploads::new(&folder);
    let state = Arc::new(BigQuery {
        warehouse,
        objects,
        bucket,
        folder,
        project,
        clock,
        before,
        jobs: Jobs::default(),
        uploads,
    });
    let of_table = Router::new()
        .route(
            "/",
            get(tables::show).patch(tables::change).put(tables::change).delete(tables::delete).post(iam),
        )
        .route("/data", get(rows::list))
        .route("/insertAll", post(rows::insert));
    let of_project = Router::new()
        .route("/jobs", get(jobs_routes::list).post(jobs_routes::insert))
        .route("/jobs/{job}", get(jobs_routes::show))
        .route("/jobs/{job}/cancel", post(jobs_routes::cancel))
        .route("/jobs/{job}/delete", axum::routing::delete(jobs_routes::delete))
        .route("/queries", post(jobs::query))
        .route("/queries/{job}", get(jobs_routes::results))
        .route("/datasets", get(datasets::list).post(datasets::create))
        .route(
            "/datasets/{dataset}",
            get(datasets::show).patch(datasets::change).put(datasets::change).delete(datasets::delete),
        )
        .route("/datasets/{dataset}/tables", get(tables::list).post(tables::create))
        .nest("/datasets/{dataset}/tables/{table}", of_table)
        .route("/datasets/{dataset}/routines", get(|| empty("bigquery#routineList", "routines")))
        .route("/datasets/{dataset}/models", get(|| empty("bigquery#modelList", "models")))
        .route("/serviceAccount", get(service_account));
    let upload = post(uploads::begin).put(uploads::piece).delete(uploads::cancel);
    Router::new()
        .nest("/bigquery/v2/projects/{project}", of_project.clone())
        // Clients that are given an address leave out the first part of the path.
        .nest("/projects/{project}", of_project)
        .route("/bigquery/v2/projects", get(projects))
        // `bq` writes a `$`, and encodes nothing.
        .route("/$discovery/rest", get(discovery::show))
        .route("/discovery/v1/apis/bigquery/v2/rest", get(discovery::show))
        .layer(DefaultBodyLimit::max(LARGEST))
        .route("/upload/bigquery/v2/projects/{project}/jobs", upload.clone())
        .route("/resumable/upload/bigquery/v2/projects/{project}/jobs", upload)
        .with_state(state)
}

/// The methods of a table that are written after its name, with a colon.
async fn iam(
    Path((_project, _dataset, table)): Path<(String, String, String)>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    match table.rsplit_once(':').map(|(_, method)| method) {
        // Everybody with a token may do everything.
        Some("getIamPolicy") => Ok(Json(json!({"version": 1, "etag": "ACAB", "bindings": []}))),
        Some("testIamPermissions") => {
            Ok(Json(json!({"permissions": body?.0.get("permissions").cloned().unwrap_or_default()})))
        }
        _ => Err(Refusal::not_found(format!("the local platform does not serve POST for the table {table}"))),
    }
}

async fn empty(kind: &str, items: &str) -> Json<Value> {
    Json(listing(kind, items, Vec::new(), None))
}

async fn service_account() -> Json<Value> {
    Json(json!({"kind": "bigquery#getServiceAccountResponse", "email": "local@segue"}))
}

/// `projects.list`.
async fn projects(State(bigquery): State<Arc<BigQuery>>) -> Json<Value> {
    let id = &bigquery.project;
    let project = json!({"kind": "bigquery#project", "id": id, "numericId": "1", "projectReference": {"projectId": id}});
    Json(json!({"kind": "bigquery#projectList", "totalItems": 1, "projects": [project]}))
}

/// The page of a list that the parameters ask for, and the token of the next page.
fn page_of<'a, T>(all: &'a [T], parameters: &Parameters) -> Result<(&'a [T], Option<usize>), Refusal> {
    let wanted = jobs::Wanted::read(parameters)?;
    let end = wanted.first.saturating_add(wanted.most.min(1000)).min(all.len());
    Ok((all.get(wanted.first..end).unwrap_or_default(), (end < all.len()).then_some(end)))
}

/// A list in the format of the REST API.
fn listing(kind: &str, items: &str, found: Vec<Value>, next: Option<usize>) -> Value {
    let mut answer = json!({"kind": kind, items: found});
    if let (Value::Object(answer), Some(next)) = (&mut answer, next) {
        answer.insert("nextPageToken".to_owned(), json!(next.to_string()));
    }
    answer
}
