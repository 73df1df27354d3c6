//! BigQuery's REST API (version 2) over the embedded warehouse: jobs that run beside the request, results in pages,
//! datasets, tables; external tables read `gs://` objects from the storage emulator.
//!
//! Jobs are kept in memory, tables in the folder of the data. Projects do not tell tables apart. No credentials are
//! asked for. What is missing answers 404: loads, extracts and copies as jobs of their own, inserting rows one by one,
//! routines, models, row access, transactions and variables in scripts.
//!
//! A job's labels can make trouble on purpose:
//!
//! | label | what it does |
//! |---|---|
//! | `standin-delay-ms` | the job runs so many milliseconds before it does anything |
//! | `standin-fail-once` | the first job with these statements fails with that reason, `backendError` for example |
//! | `standin-fail-after` | with it, the first so many statements of the script are done before |
//!
//! `jobs` keeps jobs, `run` runs them, `shape` and `types` write BigQuery's JSON, `refusal` its errors, `resources`
//! serves datasets and tables, `objects` fetches files. To add a request: a route in [`app`].

mod jobs;
mod objects;
mod refusal;
mod resources;
mod run;
mod script;
mod shape;
mod types;

use axum::Router;
use axum::routing::{get, post};
use jobs::{Jobs, routes};
use objects::StorageEmulator;
use refusal::Refusal;
use segue_embedded::warehouse::DuckDbWarehouse;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The stand-in's state.
pub struct BigQuery {
    warehouse: DuckDbWarehouse,
    jobs: Jobs,
}

impl BigQuery {
    /// With its tables in `data_dir`, reading objects from the storage emulator at that address; without one, from
    /// `<data_dir>/objects/<bucket>/<key>`. To be called within an async runtime.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data_dir: &Path, storage: Option<&str>) -> anyhow::Result<Arc<Self>> {
        let objects = data_dir.join("objects");
        std::fs::create_dir_all(&objects)?;
        let file = data_dir.join("warehouse.duckdb");
        let warehouse = match storage {
            Some(address) => {
                let source = StorageEmulator::new(address, &objects, Handle::current())?;
                DuckDbWarehouse::over(&file, &objects, Arc::new(source))
            }
            None => DuckDbWarehouse::open(&file, &objects),
        };
        Ok(Arc::new(Self { warehouse, jobs: Jobs::default() }))
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
        .nest("/bigquery/v2/projects/{project}", of_project)
        .fallback(|| async { Refusal::not_found("the stand-in does not serve this address".to_owned()) })
        .with_state(bigquery)
}
