//! The embedded warehouse runs BigQuery SQL on a DuckDB file. It reads `gs://bucket/key` from the folder of the object
//! store.
//!
//! The parts are:
//! - the adapter ([`DuckDbWarehouse`]);
//! - the analysis of SQL (`sql`), without files and connections;
//! - functions that DuckDB lacks (`functions`);
//! - the execution of jobs (`engine`, `execute`, `define`);
//! - external tables (`external`);
//! - records that DuckDB cannot store (`catalog`).
//!
//! Jobs that only read run at the same time. Jobs that change something run one after another (`pool`). A statement and
//! the record that its job executed it are one transaction. So a job takes effect once, even if it is delivered twice
//! or interrupted by a crash.
//!
//! The module must not know flows, executions, tasks, or who chooses the folder of the object store.
//!
//! NUMERIC is stored as a decimal of eighteen digits until a value needs more digits (see `sql::datatype`). TIMESTAMP
//! is stored in UTC. There is one project. A project in a name is accepted, but does not distinguish tables.
//!
//! To add a statement, change `sql/statement.rs`, and `execute.rs` or `define.rs`. To add a function, see
//! `sql/analyze/functions`.

mod catalog;
mod column_types;
mod define;
mod engine;
mod error;
mod execute;
mod export;
mod external;
mod functions;
mod information;
mod ingestion;
mod job;
mod limits;
mod partitions;
mod pool;
mod result;
mod rows;
mod script;
mod shapes;
mod source;
mod source_file;
mod sql;
mod stop;
mod streaming;
mod tables;
mod transfer;
mod values;

#[cfg(test)]
mod googlesql;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod information_tests;
#[cfg(test)]
mod parameter_tests;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use pool::STACK_BYTES;
pub use source::ObjectSource;

use crate::DirectoryObjectStore;
use async_trait::async_trait;
use catalog::Record;
use engine::{Engine, Failure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use pool::Pool;
use segue_ports::warehouse::{
    Copied, CopyJob, CreateDataset, DatasetInfo, ExtractJob, Extracted, IfExists, LoadJob, Loaded, QueryJob,
    QueryResult, Rows, TableInfo, TableReference, Warehouse, WarehouseError,
};
use segue_ports::{Clock as _, SystemClock};
use sql::names::{check_dataset, quote};
use std::path::Path;
use std::sync::Arc;
use streaming::RowsIn;

/// Counts the statements of a script. The script is parsed like a query, but does not run. The calling thread needs a
/// stack of [`STACK_BYTES`].
///
/// # Errors
/// [`WarehouseError::InvalidQuery`] if the script cannot be parsed.
pub fn check_sql(sql: &str) -> Result<usize, WarehouseError> {
    let steps = sql::script(sql, &|| Ok(()))?;
    let scope = sql::names::Scope { dataset: Some("default".to_owned()), ..sql::names::Scope::default() };
    sql::statements(&steps, &scope, &|| Ok(()))?;
    Ok(steps.len())
}

/// A warehouse in a DuckDB file.
pub struct DuckDbWarehouse {
    pool: Arc<Pool>,
}

impl std::fmt::Debug for DuckDbWarehouse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DuckDbWarehouse").field("file", &self.pool.file).finish_non_exhaustive()
    }
}

impl DuckDbWarehouse {
    /// A warehouse in `database_file`, which reads `gs://bucket/key` from `<object_root>/<bucket>/<key>`. The first use
    /// opens the file.
    #[must_use]
    pub fn open(database_file: &Path, object_root: &Path) -> Self {
        Self::new(database_file, object_root, None, Limits::default())
    }

    /// Like [`Self::open`], with limits other than the default.
    #[must_use]
    pub fn limited(database_file: &Path, object_root: &Path, limits: Limits) -> Self {
        Self::new(database_file, object_root, None, limits)
    }

    /// Like [`Self::open`], but `source` copies objects below `object_root` before they are read.
    #[must_use]
    pub fn over(database_file: &Path, object_root: &Path, source: Arc<dyn ObjectSource>) -> Self {
        Self::new(database_file, object_root, Some(source), Limits::default())
    }

    fn new(
        database_file: &Path,
        object_root: &Path,
        source: Option<Arc<dyn ObjectSource>>,
        limits: Limits,
    ) -> Self {
        let pool = Pool::new(database_file.to_owned(), object_root.to_owned(), source, limits);
        Self { pool: Arc::new(pool) }
    }

    /// The buckets that the warehouse reads, for the files it writes.
    fn objects(&self) -> Result<DirectoryObjectStore, WarehouseError> {
        let opened = DirectoryObjectStore::open(&self.pool.object_root);
        opened.map_err(|error| WarehouseError::Unavailable { message: error.to_string() })
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        self.pool.run(None, work).await
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let writing = self.pool.writing().await;
        self.pool.run(Some(writing), work).await
    }

    async fn run_query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError> {
        let planned = self.read(move |engine| engine.plan(job)).await?;
        if planned.changes() {
            self.change(move |engine| engine.run(&planned, None)).await
        } else {
            self.read(move |engine| engine.run(&planned, None)).await
        }
    }

    /// Runs a job until its rows can be read. The thread of the job ends with the stream.
    async fn begin_stream(&self, job: QueryJob) -> Result<Rows, WarehouseError> {
        let planned = self.read(move |engine| engine.plan(job)).await?;
        let (out, RowsIn { mut begun, batches }) = streaming::pair();
        let pool = Arc::clone(&self.pool);
        let mut work = Box::pin(async move {
            let writing = if planned.changes() { Some(pool.writing().await) } else { None };
            pool.run(writing, move |engine| engine.run(&planned, Some(&out))).await
        });
        let result = tokio::select! {
            biased;
            Ok(result) = &mut begun => result,
            outcome = &mut work => return Ok(outcome?.into()),
        };
        // When the batches are over, the outcome says whether all of them arrived.
        let batches = stream::unfold((batches, Some(work)), |(mut batches, work)| async move {
            if let Some(batch) = batches.recv().await {
                return Some((Ok(batch), (batches, work)));
            }
            work?.await.err().map(|error| (Err(error), (batches, None)))
        });
        let rows = batches.map_ok(|batch| stream::iter(batch.into_iter().map(Ok))).try_flatten();
        Ok(Rows { result, stream: rows.boxed() })
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, WarehouseError>>,
    ) -> Result<T, WarehouseError> {
        let Some(limit) = self.pool.limits.query_time else { return work.await };
        match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(sql::invalid(
                &format!("The query took longer than {limit:?}"),
                None,
                Some("read or join fewer rows, or set SEGUE_WAREHOUSE_QUERY_TIME to a longer time"),
            )),
        }
    }
}

/// The name of a dataset without its project.
fn unqualified(dataset: &str) -> String {
    dataset.rsplit(['.', ':']).next().unwrap_or(dataset).to_owned()
}

fn said(failure: Failure) -> WarehouseError {
    match failure {
        Failure::Said(error) => error,
        Failure::Engine(error) => error::internal(&error),
    }
}

/// Runs `work` in a transaction. Rolls back if `work` fails.
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
        self.change(move |engine| transaction(engine, || create_dataset(engine, request))).await
    }

    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError> {
        let dataset = unqualified(dataset);
        self.change(move |engine| {
            transaction(engine, || define::drop_schema(engine, &dataset, false, contents).map_err(said))
        })
        .await
    }

    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError> {
        self.in_time(self.run_query(job)).await
    }

    async fn stream(&self, job: QueryJob) -> Result<Rows, WarehouseError> {
        self.in_time(self.begin_stream(job)).await
    }

    async fn copy(&self, job: CopyJob) -> Result<Copied, WarehouseError> {
        transfer::copy(self, job).await
    }

    async fn load(&self, job: LoadJob) -> Result<Loaded, WarehouseError> {
        transfer::load(self, job).await
    }

    async fn extract(&self, job: ExtractJob) -> Result<Extracted, WarehouseError> {
        transfer::extract(self, job).await
    }

    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError> {
        self.read(move |engine| Ok(tables::datasets(&engine.connection))).await
    }

    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError> {
        let dataset = unqualified(dataset);
        self.read(move |engine| tables::list(&engine.connection, &dataset)).await
    }

    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError> {
        let (dataset, table) = (unqualified(dataset), table.to_owned());
        self.read(move |engine| tables::describe(&engine.connection, &dataset, &table)).await
    }

    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError> {
        let table = TableReference { project: None, dataset: unqualified(dataset), table: table.to_owned() };
        self.change(move |engine| {
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
        created_at: if there { known.and_then(|known| known.created_at) } else { Some(SystemClock.now()) },
        location: request.location,
        description: request.description,
        friendly_name: request.friendly_name,
        labels: request.labels,
    };
    catalog::put(connection, Record::Dataset, &key, &info)?;
    Ok(info)
}
