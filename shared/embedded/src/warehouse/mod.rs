//! The embedded warehouse: BigQuery SQL on a DuckDB file, with `gs://bucket/key` under the object store's folder.
//!
//! What it is: the adapter ([`DuckDbWarehouse`]), the translation of SQL (`sql`, pure), the running of jobs (`engine`,
//! `execute`, `define`), external tables (`external`), and what DuckDB has no place for (`catalog`). One connection serves all
//! jobs in turn, each statement with both cores; a statement is one transaction with the record that its job did it,
//! so a job delivered twice, or cut off by a crash, has its effect once.
//!
//! What it must not know: flows, executions, tasks; nor where the object store's folder comes from.
//!
//! NUMERIC is stored as an eighteen-digit decimal until a value needs more (see `sql::datatype`), TIMESTAMP in UTC.
//! There is one project: a project part of a name is accepted and does not tell tables apart.
//!
//! To add a statement: `sql/statement.rs` and `execute.rs` or `define.rs`. To add a function: `sql/calls.rs` and `sql/macros.sql`.

mod catalog;
mod define;
mod engine;
mod error;
mod execute;
mod external;
mod result;
mod source;
mod sql;
mod tables;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use segue_ports::warehouse::{
    CreateDataset, DatasetInfo, IfExists, QueryJob, QueryResult, TableInfo, TableReference, Warehouse,
    WarehouseError,
};

pub use source::ObjectSource;

use catalog::Record;
use engine::{Engine, Failure};
use sql::names::{check_dataset, quote};

/// The stack of the thread a job runs on. A level of brackets takes up to 160 KiB of it in the SQL parser, which is built
/// without optimization; `sql::depth` lets a hundred of them through. This is sixteen times as much, in addresses: the
/// system gives memory for what is used.
const STACK_BYTES: usize = 256 << 20;

/// A warehouse in a DuckDB file.
pub struct DuckDbWarehouse {
    shared: Arc<Shared>,
}

struct Shared {
    file: PathBuf,
    object_root: PathBuf,
    source: Option<Arc<dyn ObjectSource>>,
    /// Opened by the first job: a flow without one must not pay for it.
    engine: Mutex<Option<Engine>>,
}

impl std::fmt::Debug for DuckDbWarehouse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DuckDbWarehouse").field("file", &self.shared.file).finish_non_exhaustive()
    }
}

impl DuckDbWarehouse {
    /// A warehouse in `database_file`, reading `gs://bucket/key` from `<object_root>/<bucket>/<key>`. Nothing is
    /// opened before the first use.
    #[must_use]
    pub fn open(database_file: &Path, object_root: &Path) -> Self {
        Self::new(database_file, object_root, None)
    }

    /// The same over objects that `source` brings below `object_root` when they are to be read.
    #[must_use]
    pub fn over(database_file: &Path, object_root: &Path, source: Arc<dyn ObjectSource>) -> Self {
        Self::new(database_file, object_root, Some(source))
    }

    fn new(database_file: &Path, object_root: &Path, source: Option<Arc<dyn ObjectSource>>) -> Self {
        let shared = Shared {
            file: database_file.to_owned(),
            object_root: object_root.to_owned(),
            source,
            engine: Mutex::new(None),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs `work` on the connection, on a thread that may block.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let shared = Arc::clone(&self.shared);
        let broken = |message: String| WarehouseError::Unavailable { message };
        let job = move || {
            let thread = std::thread::Builder::new().name("warehouse".into()).stack_size(STACK_BYTES);
            let running =
                thread.spawn(move || shared.run(work)).map_err(|error| broken(error.to_string()))?;
            running.join().map_err(|_| broken("the warehouse thread ended unexpectedly".to_owned()))?
        };
        tokio::task::spawn_blocking(job)
            .await
            .map_err(|error| WarehouseError::Unavailable { message: error.to_string() })?
    }
}

impl Shared {
    fn run<T>(&self, work: impl FnOnce(&Engine) -> Result<T, WarehouseError>) -> Result<T, WarehouseError> {
        let mut slot = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = slot.as_ref() {
            return work(engine);
        }
        let engine = slot.insert(Engine::open(&self.file, &self.object_root, self.source.clone())?);
        work(engine)
    }
}

/// A dataset's name without its project: there is one.
fn unqualified(dataset: &str) -> String {
    dataset.rsplit(['.', ':']).next().unwrap_or(dataset).to_owned()
}

fn said(failure: Failure) -> WarehouseError {
    match failure {
        Failure::Said(error) => error,
        Failure::Engine(error) => error::internal(&error),
    }
}

/// Runs `work` in a transaction.
fn transaction<T>(
    engine: &Engine,
    work: impl FnOnce() -> Result<T, WarehouseError>,
) -> Result<T, WarehouseError> {
    let batch = |sql: &str| engine.connection.execute_batch(sql).map_err(|error| error::internal(&error));
    batch("BEGIN TRANSACTION")?;
    match work() {
        Ok(done) => batch("COMMIT").map(|()| done),
        Err(failure) => {
            batch("ROLLBACK")?;
            Err(failure)
        }
    }
}

#[async_trait]
impl Warehouse for DuckDbWarehouse {
    async fn create_dataset(&self, request: CreateDataset) -> Result<DatasetInfo, WarehouseError> {
        self.with(move |engine| transaction(engine, || create_dataset(engine, request))).await
    }

    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError> {
        let dataset = unqualified(dataset);
        self.with(move |engine| {
            transaction(engine, || define::drop_schema(engine, &dataset, false, contents).map_err(said))
        })
        .await
    }

    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError> {
        self.with(move |engine| engine.run(&job)).await
    }

    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError> {
        self.with(move |engine| Ok(tables::datasets(&engine.connection))).await
    }

    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError> {
        let dataset = unqualified(dataset);
        self.with(move |engine| tables::list(&engine.connection, &dataset)).await
    }

    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError> {
        let (dataset, table) = (unqualified(dataset), table.to_owned());
        self.with(move |engine| tables::describe(&engine.connection, &dataset, &table)).await
    }

    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError> {
        let table = TableReference { project: None, dataset: unqualified(dataset), table: table.to_owned() };
        self.with(move |engine| {
            transaction(engine, || define::drop_table(engine, &table, false).map_err(said))
        })
        .await
    }
}

fn create_dataset(engine: &Engine, request: CreateDataset) -> Result<DatasetInfo, WarehouseError> {
    check_dataset(&request.name, None)?;
    let key = request.name.to_lowercase();
    let connection = &engine.connection;
    let there = tables::dataset_exists(connection, &request.name)?;
    if there && request.if_exists == IfExists::Error {
        let name = match &request.project {
            Some(project) => format!("{project}:{}", request.name),
            None => request.name,
        };
        return Err(WarehouseError::AlreadyExists { what: "Dataset".into(), name });
    }
    let known: Option<DatasetInfo> = catalog::get(connection, Record::Dataset, &key)?;
    if let Some(info) = known.clone().filter(|_| there && request.if_exists == IfExists::Skip) {
        return Ok(DatasetInfo {
            project: request.project.or(info.project),
            created: false,
            updated: false,
            ..info
        });
    }
    if !there {
        let sql = format!("CREATE SCHEMA {}", quote(&request.name));
        connection.execute_batch(&sql).map_err(|error| error::internal(&error))?;
    }
    let info = DatasetInfo {
        dataset: request.name,
        project: request.project,
        created: !there,
        updated: there,
        created_at: if there { known.and_then(|known| known.created_at) } else { Some(Timestamp::now()) },
        location: request.location,
        description: request.description,
        friendly_name: request.friendly_name,
        labels: request.labels,
    };
    catalog::put(connection, Record::Dataset, &key, &info)?;
    Ok(info)
}
