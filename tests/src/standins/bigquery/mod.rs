//! BigQuery for tests: the API of the local platform, over an embedded warehouse. External tables read `gs://` objects
//! from the storage emulator, and requests need no credentials.
//!
//! A job's labels can inject faults:
//!
//! | label | effect |
//! |---|---|
//! | `standin-delay-ms` | the job waits for this many milliseconds before it starts |
//! | `standin-fail-once` | the first job with these statements fails with this reason: `backendError`, … |
//! | `standin-fail-after` | with `standin-fail-once`: the number of statements executed before the failure |
//!
//! `faults` injects them, and `objects` fetches and writes files. The requests are in `segue-google-apis`.

mod extracts;
mod faults;
mod objects;

use axum::Router;
use extracts::Extracting;
use faults::Faults;
use objects::StorageEmulator;
use segue_embedded::DirectoryObjectStore;
use segue_embedded::warehouse::DuckDbWarehouse;
use segue_google_apis::bigquery::{BigQueryParts, routes};
use segue_ports::SystemClock;
use segue_ports::warehouse::Warehouse;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The bucket with the files that were uploaded with their jobs.
const UPLOADS: &str = "standin-uploads";

/// The stand-in's routes, with its tables in `data_dir`. Objects come from the storage emulator at `storage`. If
/// `storage` is `None`, objects come from `<data_dir>/objects/<bucket>/<key>`. Call this within an async runtime.
///
/// # Errors
/// An error if the folder cannot be created.
pub fn app(data_dir: &Path, storage: Option<&str>) -> anyhow::Result<Router> {
    let (root, folder) = (data_dir.join("objects"), data_dir.join("work"));
    std::fs::create_dir_all(&folder)?;
    let objects = DirectoryObjectStore::open(&root)?;
    objects.ensure_bucket(UPLOADS)?;
    let file = data_dir.join("warehouse.duckdb");
    let warehouse: Arc<dyn Warehouse> = match storage {
        Some(address) => {
            let emulator = Arc::new(StorageEmulator::new(address, &root, Handle::current())?);
            let inner = DuckDbWarehouse::over(&file, &root, Arc::clone(&emulator) as _);
            Arc::new(Extracting { inner, emulator, objects: objects.clone(), root: root.clone() })
        }
        None => Arc::new(DuckDbWarehouse::open(&file, &root)),
    };
    Ok(routes(BigQueryParts {
        warehouse,
        objects: Arc::new(objects),
        bucket: UPLOADS.to_owned(),
        folder,
        project: "demo".to_owned(),
        clock: Arc::new(SystemClock),
        before: Some(Arc::new(Faults::default())),
    }))
}
