//! Jobs that outlive the request, attempts that are stopped, and the identity of requests to the warehouse. The tests
//! use the embedded warehouse behind a watcher. The watcher reports some jobs as still running.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "what is wrong here fails a test")]

use async_trait::async_trait;
use segue_model::Json;
use segue_ports::warehouse::{
    Copied, CopyJob, CreateDataset, DatasetInfo, ExtractJob, Extracted, LoadJob, Loaded, QueryJob,
    QueryResult, Rows, TableInfo, Warehouse, WarehouseError,
};
use segue_ports::wire::{Resumed, TaskRunMessage};
use segue_ports::{Credentials, Ports};
use segue_task::testing::{TestEnd, TestRun, message, run_with};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const JOB: &str = "segue_execution1_taskrun1_0";
const PATIENCE: Duration = Duration::from_millis(40);
const TYPE: &str = "io.kestra.plugin.gcp.bigquery";

/// The watcher: the requests to the warehouse so far, and the prepared answers.
#[derive(Clone)]
struct Watched {
    inner: Arc<dyn Warehouse>,
    /// The job to report as running.
    at_work: Arc<Mutex<Option<String>>>,
    patience: Arc<Mutex<Vec<Option<Duration>>>>,
    cancelled: Arc<Mutex<Vec<String>>>,
    acted_as: Arc<Mutex<Vec<Credentials>>>,
}

impl Watched {
    async fn begin(&self, job_id: &str, patience: Option<Duration>) -> Result<(), WarehouseError> {
        self.patience.lock().unwrap().push(patience);
        if self.at_work.lock().unwrap().as_deref() != Some(job_id) {
            return Ok(());
        }
        if patience.is_none() {
            std::future::pending::<()>().await;
        }
        Err(WarehouseError::StillRunning { job_id: job_id.to_owned() })
    }
}

#[async_trait]
impl Warehouse for Watched {
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        self.acted_as.lock().unwrap().push(credentials.clone());
        Ok(Some(Arc::new(self.clone())))
    }

    async fn create_dataset(&self, request: CreateDataset) -> Result<DatasetInfo, WarehouseError> {
        self.inner.create_dataset(request).await
    }

    async fn delete_dataset(&self, dataset: &str, contents: bool) -> Result<(), WarehouseError> {
        self.inner.delete_dataset(dataset, contents).await
    }

    async fn query(&self, job: QueryJob) -> Result<QueryResult, WarehouseError> {
        self.begin(&job.job_id, job.patience).await?;
        self.inner.query(job).await
    }

    async fn stream(&self, job: QueryJob) -> Result<Rows, WarehouseError> {
        self.begin(&job.job_id, job.patience).await?;
        self.inner.stream(job).await
    }

    async fn copy(&self, job: CopyJob) -> Result<Copied, WarehouseError> {
        self.begin(&job.settings.job_id, job.settings.patience).await?;
        self.inner.copy(job).await
    }

    async fn load(&self, job: LoadJob) -> Result<Loaded, WarehouseError> {
        self.begin(&job.settings.job_id, job.settings.patience).await?;
        self.inner.load(job).await
    }

    async fn extract(&self, job: ExtractJob) -> Result<Extracted, WarehouseError> {
        self.begin(&job.settings.job_id, job.settings.patience).await?;
        self.inner.extract(job).await
    }

    async fn cancel(&self, job: &QueryJob) -> Result<(), WarehouseError> {
        self.cancelled.lock().unwrap().push(job.job_id.clone());
        Ok(())
    }

    async fn list_datasets(&self) -> Result<Vec<String>, WarehouseError> {
        self.inner.list_datasets().await
    }

    async fn list_tables(&self, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError> {
        self.inner.list_tables(dataset).await
    }

    async fn table_info(&self, dataset: &str, table: &str) -> Result<TableInfo, WarehouseError> {
        self.inner.table_info(dataset, table).await
    }

    async fn delete_table(&self, dataset: &str, table: &str) -> Result<(), WarehouseError> {
        self.inner.delete_table(dataset, table).await
    }
}

struct World {
    ports: Ports,
    watched: Watched,
    dir: TempDir,
}

impl World {
    /// A warehouse with the dataset `d`, and a running job with this id.
    async fn new(at_work: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut ports = segue_embedded::connect(dir.path()).unwrap();
        let dataset = CreateDataset { name: "d".to_owned(), ..CreateDataset::default() };
        ports.warehouse.create_dataset(dataset).await.unwrap();
        let watched = Watched {
            inner: ports.warehouse.clone(),
            at_work: Arc::new(Mutex::new(at_work.map(str::to_owned))),
            patience: Arc::default(),
            cancelled: Arc::default(),
            acted_as: Arc::default(),
        };
        ports.warehouse = Arc::new(watched.clone());
        Self { ports, watched, dir }
    }

    async fn run(
        &self,
        message: TaskRunMessage,
        patience: Option<Duration>,
        lost: &CancellationToken,
    ) -> TestEnd {
        let work = self.dir.path().join("work");
        run_with(&segue_fn_bigquery::tasks(), self.ports.clone(), &work, message, patience, lost).await
    }

    /// Runs the message to its end.
    async fn ended(&self, message: TaskRunMessage) -> TestRun {
        match self.run(message, Some(PATIENCE), &CancellationToken::new()).await {
            TestEnd::Ended(run) => run,
            other => panic!("{other:?}"),
        }
    }

    fn cancelled(&self) -> Vec<String> {
        self.watched.cancelled.lock().unwrap().clone()
    }
}

fn task(name: &str, properties: Json) -> TaskRunMessage {
    message(&format!("{TYPE}.{name}"), properties)
}

/// The message of an attempt that began `ago` before now.
fn resumed(message: TaskRunMessage, ago: Duration) -> TaskRunMessage {
    let begun_at = jiff::Timestamp::now() - ago;
    TaskRunMessage { resumed: Some(Resumed { begun_at, holder: "before".to_owned() }), ..message }
}

#[tokio::test]
async fn a_job_that_takes_long_is_looked_at_again() {
    let world = World::new(Some(JOB)).await;
    let query = task("Query", json!({"sql": "CREATE TABLE d.t AS SELECT 1 AS x"}));
    let end = world.run(query.clone(), Some(PATIENCE), &CancellationToken::new()).await;
    assert!(matches!(end, TestEnd::Unfinished(_)), "{end:?}");
    assert_eq!(*world.watched.patience.lock().unwrap(), [Some(PATIENCE)]);
    *world.watched.at_work.lock().unwrap() = None;
    let run = world.ended(resumed(query, Duration::from_secs(60))).await;
    assert_eq!((run.result.error, &run.result.outputs["jobId"]), (None, &json!(JOB)));
    let took = run.result.metrics.iter().find(|metric| metric.name == "duration").unwrap().value;
    assert!((60.0..90.0).contains(&took), "the whole attempt counts: {took}");
}

#[tokio::test]
async fn a_job_timeout_counts_from_the_beginning_of_the_attempt() {
    let world = World::new(Some(JOB)).await;
    let query = task("Query", json!({"sql": "SELECT 1", "jobTimeout": "PT1M"}));
    let early = resumed(query.clone(), Duration::from_secs(30));
    let end = world.run(early, Some(PATIENCE), &CancellationToken::new()).await;
    assert!(matches!(end, TestEnd::Unfinished(_)), "{end:?}");
    assert!(world.cancelled().is_empty());
    let run = world.ended(resumed(query.clone(), Duration::from_secs(61))).await;
    assert!(run.result.error.unwrap().contains("jobTimeout of 60s"));
    assert_eq!(world.cancelled(), [JOB]);
    // The job ended in time, so the task succeeds, even if this check is late.
    *world.watched.at_work.lock().unwrap() = None;
    assert_eq!(world.ended(resumed(query, Duration::from_secs(90))).await.result.error, None);
}

#[tokio::test]
async fn a_task_that_is_stopped_stops_its_job() {
    let world = World::new(Some(JOB)).await;
    let lost = CancellationToken::new();
    let stop = lost.clone();
    let (end, ()) = tokio::join!(world.run(task("Query", json!({"sql": "SELECT 1"})), None, &lost), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    });
    assert!(matches!(end, TestEnd::Stopped), "{end:?}");
    assert_eq!(world.cancelled(), [JOB]);
}

/// The tasks with a job that is not a query.
fn transfers(from: &str) -> Vec<TaskRunMessage> {
    let load = json!({"from": from, "destinationTable": "d.x", "autodetect": true});
    let extract = json!({"sourceTable": "d.t", "destinationUris": ["gs://bucket/t.csv"]});
    let copy = json!({"sourceTables": ["d.t"], "destinationTable": "d.u"});
    vec![task("Load", load), task("ExtractToGcs", extract), task("Copy", copy)]
}

async fn world_of_transfers(at_work: Option<&str>) -> (World, Vec<TaskRunMessage>) {
    let world = World::new(at_work).await;
    let from = world.ports.storage.put_text("a/x.csv", "id\n1\n2\n").await.unwrap();
    let bucket = segue_ports::object::BucketSpec { name: "bucket".to_owned(), ..Default::default() };
    world.ports.objects.create_bucket(bucket).await.unwrap();
    let job = QueryJob { sql: "CREATE TABLE d.t AS SELECT 1 AS x".to_owned(), ..QueryJob::default() };
    world.watched.inner.query(job).await.unwrap();
    (world, transfers(&from))
}

/// A killed attempt that waits for work outside is run once more, to stop its job.
#[tokio::test]
async fn a_transfer_that_was_killed_stops_its_job_and_begins_none() {
    let (world, messages) = world_of_transfers(None).await;
    let lost = CancellationToken::new();
    lost.cancel();
    for message in messages {
        let end = world.run(resumed(message, Duration::from_secs(9)), Some(PATIENCE), &lost).await;
        assert!(matches!(end, TestEnd::Stopped), "{end:?}");
    }
    assert_eq!(world.cancelled(), [JOB, JOB, JOB]);
    assert!(world.watched.patience.lock().unwrap().is_empty());
}

/// The next delivery finds the job, and rows are loaded once.
#[tokio::test]
async fn a_transfer_that_takes_long_is_looked_at_again() {
    let (world, messages) = world_of_transfers(Some(JOB)).await;
    for message in messages {
        *world.watched.at_work.lock().unwrap() = Some(JOB.to_owned());
        let end = world.run(message.clone(), Some(PATIENCE), &CancellationToken::new()).await;
        assert!(matches!(end, TestEnd::Unfinished(_)), "{end:?}");
        *world.watched.at_work.lock().unwrap() = None;
        let attempt = u32::from(message.task_type.ends_with("Copy"))
            + 2 * u32::from(message.task_type.ends_with("Gcs"));
        let message = TaskRunMessage { attempt, ..message };
        // The second time the destination exists, with its own columns.
        for _ in 0..2 {
            assert_eq!(world.ended(message.clone()).await.result.error, None);
        }
    }
    let tables = world.ports.warehouse.list_tables("d").await.unwrap();
    let found: Vec<_> = tables.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    assert_eq!(
        found,
        [("t", Some(1)), ("u", Some(1)), ("x", Some(2))],
        "rows are there once, and nothing else is left"
    );
}

#[tokio::test]
async fn every_task_asks_as_the_flow_says() {
    let key = json!({"type": "service_account", "client_email": "a@b.c", "private_key": "key-0123456789"});
    let csv = json!({"sourceTable": "d.t", "destinationUris": ["gs://none/x.csv"]});
    for (name, properties) in [
        ("CreateDataset", json!({"name": "e"})),
        ("Query", json!({"sql": "SELECT 1"})),
        (
            "CreateTable",
            json!({"dataset": "d", "table": "t", "tableDefinition":
            {"schema": {"fields": [{"name": "x", "type": "INT64"}]}}}),
        ),
        ("Copy", json!({"sourceTables": ["d.t"], "destinationTable": "d.u"})),
        ("TableMetadata", json!({"dataset": "d", "table": "t"})),
        ("ExtractToGcs", csv),
        ("LoadFromGcs", json!({"from": ["gs://none/x.csv"], "destinationTable": "d.t"})),
        ("DeleteTable", json!({"dataset": "d", "table": "t"})),
        ("DeleteDataset", json!({"name": "d"})),
    ] {
        let world = World::new(None).await;
        for service_account in [key.clone(), json!(key.to_string())] {
            let mut message = task(name, properties.clone());
            message.properties.insert("projectId".to_owned(), json!("theirs"));
            message.properties.insert("serviceAccount".to_owned(), service_account);
            message.properties.insert("impersonatedServiceAccount".to_owned(), json!("loader@b.c"));
            message
                .properties
                .insert("scopes".to_owned(), json!(["https://www.googleapis.com/auth/bigquery"]));
            world.run(message, Some(PATIENCE), &CancellationToken::new()).await;
            let acted_as = world.watched.acted_as.lock().unwrap().drain(..).next_back();
            let acted_as = acted_as.unwrap_or_else(|| panic!("{name} asks as the service itself"));
            assert_eq!(acted_as.project.as_deref(), Some("theirs"));
            assert_eq!(acted_as.impersonate.as_deref(), Some("loader@b.c"));
            assert_eq!(acted_as.scopes, ["https://www.googleapis.com/auth/bigquery"]);
            let sent: Json = serde_json::from_str(&acted_as.service_account.unwrap()).unwrap();
            assert_eq!(sent, key, "{name}");
        }
        let blank = task(name, properties);
        world.run(blank, Some(PATIENCE), &CancellationToken::new()).await;
        assert!(world.watched.acted_as.lock().unwrap().iter().all(Credentials::is_ambient));
    }
}
