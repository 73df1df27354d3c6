//! Tests the adapter for BigQuery on the stand-in, which runs within the test. The tests run the whole conformance
//! suite, and jobs with duplicate messages, interrupted requests and failures. The adapter uses HTTP, as with Google.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what is wrong here fails a test"
)]

mod bucket;
mod jobs;
mod values;

use bucket::Bucket;
use segue_gcp::{BigQueryWarehouse, PlatformConfig};
use segue_ports::conformance::warehouse as conformance;
use segue_ports::warehouse::{QueryJob, QueryResult, TableKind, Warehouse as _, WarehouseError};
use segue_tests::standins::bigquery::app;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A stand-in for one test, with a storage server.
struct World {
    config: PlatformConfig,
    bucket: Bucket,
    _dir: TempDir,
}

impl World {
    async fn new() -> Self {
        let bucket = Bucket::serve().await;
        let dir = tempfile::tempdir().unwrap();
        let app = app(dir.path(), Some(&bucket.address)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let config = PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("demo".to_owned()),
            "BIGQUERY_EMULATOR_HOST" => Some(address.clone()),
            _ => None,
        });
        Self { config: config.unwrap(), bucket, _dir: dir }
    }

    /// An adapter with an empty cache.
    fn warehouse(&self) -> BigQueryWarehouse {
        BigQueryWarehouse::connect(&self.config).unwrap()
    }
}

async fn run(warehouse: &BigQueryWarehouse, sql: &str) -> Result<QueryResult, WarehouseError> {
    warehouse.query(QueryJob { sql: sql.to_owned(), ..QueryJob::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bigquery_does_what_the_port_says() {
    let world = World::new().await;
    conformance::all(&world.warehouse(), &world.bucket).await;
}

/// The statements of the taxi flow, as separate jobs. The file changes between two runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_external_table_reads_the_current_objects_of_the_bucket() {
    use conformance::PutObject as _;
    let world = World::new().await;
    let warehouse = world.warehouse();
    run(&warehouse, "CREATE SCHEMA z").await.unwrap();
    let main = "CREATE TABLE IF NOT EXISTS `demo.z.trips` (id BYTES OPTIONS (description = 'what makes a trip one'), \
                seen TIMESTAMP, fare NUMERIC) PARTITION BY DATE(seen)";
    let external = "CREATE OR REPLACE EXTERNAL TABLE `demo.z.trips_ext` (seen TIMESTAMP, fare NUMERIC) OPTIONS (format = \
                    'CSV', uris = ['gs://taxi/2021/*.csv'], skip_leading_rows = 1, ignore_unknown_values = TRUE)";
    let month = "CREATE OR REPLACE TABLE `demo.z.trips_01` AS SELECT MD5(CAST(seen AS STRING)) AS id, * FROM \
                 `demo.z.trips_ext`";
    let merge = "MERGE INTO `demo.z.trips` T USING `demo.z.trips_01` S ON T.id = S.id WHEN NOT MATCHED THEN INSERT \
                 (id, seen, fare) VALUES (S.id, S.seen, S.fare)";
    for (content, read, added) in [
        ("seen,fare\n2021-01-01 00:30:00,8\n2021-01-02 00:30:00,0.5\n", 2, 2),
        ("seen,fare\n2021-01-01 00:30:00,8\n2021-01-02 00:30:00,0.5\n2021-01-03 00:30:00,1\n", 3, 1),
    ] {
        world.bucket.put("gs://taxi/2021/01.csv", content.as_bytes()).await;
        run(&warehouse, main).await.unwrap();
        run(&warehouse, external).await.unwrap();
        let made = run(&warehouse, month).await.unwrap();
        assert_eq!(
            (made.affected_rows, made.destination_table.unwrap().table.as_str()),
            (Some(read), "trips_01")
        );
        let merged = run(&warehouse, merge).await.unwrap();
        assert_eq!((merged.affected_rows, merged.dml.unwrap().inserted), (Some(added), added));
    }
    let trips = warehouse.table_info("demo.z", "trips").await.unwrap();
    assert_eq!((trips.rows, trips.partition_by.as_deref()), (Some(3), Some("DATE(seen)")));
    assert_eq!(trips.columns[0].description.as_deref(), Some("what makes a trip one"));
    let tables = warehouse.list_tables("z").await.unwrap();
    let kinds: Vec<_> = tables.iter().map(|table| (table.table.as_str(), table.kind)).collect();
    let (table, external) = (TableKind::Table, TableKind::External);
    assert_eq!(kinds, [("trips", table), ("trips_01", table), ("trips_ext", external)]);
    world.bucket.remove("gs://taxi/2021/01.csv");
    let gone = run(&warehouse, month).await.unwrap_err();
    assert!(matches!(gone, WarehouseError::NotFound { .. }), "{gone}");
    assert_eq!(warehouse.list_datasets().await.unwrap(), ["z"]);
}
