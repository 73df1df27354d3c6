//! BigQuery's REST API (version 2) on the embedded warehouse: jobs that run outside the request, results in
//! pages, datasets, tables. External tables read `gs://` objects from the storage emulator.
//!
//! Jobs are in memory, and tables are in the data folder. All projects share the same tables. Requests need no
//! credentials. Some features are missing and answer 404: inserting single rows, routines, models, row access,
//! transactions and variables in scripts.
//!
//! A job's labels can inject faults:
//!
//! | label | effect |
//! |---|---|
//! | `standin-delay-ms` | the job waits for this many milliseconds before it starts |
//! | `standin-fail-once` | the first job with these statements fails with this reason: `backendError`, … |
//! | `standin-fail-after` | with `standin-fail-once`: the number of statements executed before the failure |
//!
//! `jobs` stores jobs, `run` and `transfer` run them, and `uploads` takes files to load. `shape` and `types` write
//! BigQuery's JSON, and `refusal` writes its errors. `resources` serves datasets and tables, and `objects` fetches and
//! writes files. To add a request, add a route in [`app`].

mod jobs;
mod objects;
mod refusal;
mod resources;
mod run;
mod script;
mod shape;
mod transfer;
mod types;
mod uploads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use jobs::{Jobs, routes};
use objects::StorageEmulator;
use refusal::Refusal;
use segue_embedded::warehouse::DuckDbWarehouse;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use uploads::Uploads;

/// The stand-in's state.
pub struct BigQuery {
    warehouse: DuckDbWarehouse,
    jobs: Jobs,
    /// Copies of objects, and files on their way.
    objects: PathBuf,
    storage: Option<Arc<StorageEmulator>>,
    uploads: Uploads,
}

impl BigQuery {
    /// Opens a stand-in with its tables in `data_dir`. Objects come from the storage emulator at `storage`. If
    /// `storage` is `None`, objects come from `<data_dir>/objects/<bucket>/<key>`. Call this within an async runtime.
    ///
    /// # Errors
    /// An error if the folder cannot be created.
    pub fn open(data_dir: &Path, storage: Option<&str>) -> anyhow::Result<Arc<Self>> {
        let objects = data_dir.join("objects");
        std::fs::create_dir_all(&objects)?;
        let file = data_dir.join("warehouse.duckdb");
        let storage = match storage {
            Some(address) => Some(Arc::new(StorageEmulator::new(address, &objects, Handle::current())?)),
            None => None,
        };
        let warehouse = match &storage {
            Some(source) => DuckDbWarehouse::over(&file, &objects, Arc::clone(source) as _),
            None => DuckDbWarehouse::open(&file, &objects),
        };
        let (jobs, uploads) = (Jobs::default(), Uploads::default());
        Ok(Arc::new(Self { warehouse, jobs, objects, storage, uploads }))
    }
}

/// The stand-in's routes.
pub fn app(bigquery: Arc<BigQuery>) -> Router {
    let of_project = Router::new()
        .route("/jobs", get(routes::list).post(routes::insert))
        .route("/jobs/{job}", get(routes::show))
        .route("/jobs/{job}/cancel", post(routes::cancel))
        .route("/queries/{job}", get(routes::results))
        .route("/datasets", get(resources::datasets).post(resources::create_dataset))
        .route(
            "/datasets/{dataset}",
            get(resources::dataset).patch(resources::change_dataset).delete(resources::delete_dataset),
        )
        .route("/datasets/{dataset}/tables", get(resources::tables))
        .route("/datasets/{dataset}/tables/{table}", get(resources::table).delete(resources::delete_table));
    Router::new()
        .route("/upload/bigquery/v2/projects/{project}/jobs", post(uploads::begin).put(uploads::piece))
        // A piece of an upload has up to 8 MiB.
        .layer(DefaultBodyLimit::max(16 << 20))
        .nest("/bigquery/v2/projects/{project}", of_project)
        .fallback(|| async { Refusal::not_found("the stand-in does not serve this address".to_owned()) })
        .with_state(bigquery)
}
