//! Tests the adapter on a real file: the conformance suite, the real samples, crashes and locks.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use super::DuckDbWarehouse;
use async_trait::async_trait;
use segue_ports::conformance::warehouse::{PutObject, all};
use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse, WarehouseError};
use std::path::Path;

struct Folder(std::path::PathBuf);

#[async_trait]
impl PutObject for Folder {
    async fn put(&self, uri: &str, content: &[u8]) {
        let path = self.0.join(uri.trim_start_matches("gs://"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    async fn get(&self, uri: &str) -> Vec<u8> {
        std::fs::read(self.0.join(uri.trim_start_matches("gs://"))).unwrap()
    }
}

fn open(folder: &Path) -> DuckDbWarehouse {
    DuckDbWarehouse::open(&folder.join("warehouse.duckdb"), &folder.join("objects"))
}

async fn run(warehouse: &DuckDbWarehouse, sql: &str) -> Result<QueryResult, WarehouseError> {
    warehouse.query(QueryJob { sql: sql.into(), ..QueryJob::default() }).await
}

#[tokio::test]
async fn conforms() {
    let folder = tempfile::tempdir().unwrap();
    all(&open(folder.path()), &Folder(folder.path().join("objects"))).await;
}

#[tokio::test]
async fn nothing_is_opened_before_the_first_use() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = open(folder.path());
    assert!(!folder.path().join("warehouse.duckdb").exists());
    run(&warehouse, "SELECT 1").await.unwrap();
    assert!(folder.path().join("warehouse.duckdb").exists());
}

#[tokio::test]
async fn tables_and_jobs_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let job = QueryJob {
        job_id: "one".into(),
        sql: "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT 1 AS x, NUMERIC '0.5' AS y".into(),
        ..QueryJob::default()
    };
    open(folder.path()).query(job.clone()).await.unwrap();
    let again = open(folder.path()).query(job).await.unwrap();
    assert!(again.from_record);
    assert_eq!(open(folder.path()).table_info("d", "t").await.unwrap().rows, Some(1));
}

#[tokio::test]
async fn wide_rows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = open(folder.path());
    let polygon = format!("\"MULTIPOLYGON ((({})))\"", "-122.2, 37.7, ".repeat(250_000));
    let content = format!("geom,name\n{polygon},Alameda\n{polygon},Marin\n");
    Folder(folder.path().join("objects")).put("gs://bkt/counties.csv", content.as_bytes()).await;
    let script = "CREATE SCHEMA d;
        CREATE EXTERNAL TABLE d.counties (geom STRING, name STRING)
          OPTIONS (format = 'CSV', uris = ['gs://bkt/counties.csv'], skip_leading_rows = 1, quote = '\"');
        SELECT name, LENGTH(geom) AS n FROM d.counties ORDER BY name";
    let rows = run(&warehouse, script).await.unwrap().rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["n"].as_u64(), u64::try_from(polygon.len() - 2).ok());
}

#[tokio::test]
async fn bad_rows_are_left_out_where_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = open(folder.path());
    Folder(folder.path().join("objects")).put("gs://bkt/t.csv", b"1,a\nx,y,z\n2,b\n").await;
    let script = "CREATE SCHEMA d; CREATE EXTERNAL TABLE d.e (n INT64, s STRING) OPTIONS (format = 'CSV', uris = \
                  ['gs://bkt/t.csv'], max_bad_records = 5); SELECT n FROM d.e ORDER BY n";
    assert_eq!(run(&warehouse, script).await.unwrap().total_rows, 2);
}

#[tokio::test]
async fn engine_functions_that_read_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = open(folder.path());
    for sql in
        ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT getenv('HOME')"]
    {
        let error = run(&warehouse, sql).await.unwrap_err();
        assert!(matches!(error, WarehouseError::InvalidQuery { .. }), "{sql}: {error}");
    }
}

#[tokio::test]
async fn structures_and_schema_tables() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = open(folder.path());
    let script = "CREATE SCHEMA IF NOT EXISTS d OPTIONS (description = 'x', location = 'EU');
        CREATE TABLE d.trips (id INT64, stops ARRAY<STRUCT<name STRING, n INT64>>) OPTIONS (description = 'trips');
        INSERT INTO d.trips (id, stops) VALUES (1, [STRUCT('a' AS name, 1 AS n), STRUCT('b', 2)]);
        SELECT t.id, s.name FROM d.trips AS t, UNNEST(t.stops) AS s ORDER BY s.n DESC";
    let rows = run(&warehouse, script).await.unwrap().rows;
    assert_eq!(
        serde_json::to_value(rows).unwrap(),
        serde_json::json!([{"id": 1, "name": "b"}, {"id": 1, "name": "a"}])
    );
    let listed = "SELECT table_name, table_type FROM `p.d.INFORMATION_SCHEMA.TABLES`";
    assert_eq!(run(&warehouse, listed).await.unwrap().rows[0]["table_type"], "BASE TABLE");
    let columns = "SELECT data_type FROM d.INFORMATION_SCHEMA.COLUMNS WHERE column_name = 'id'";
    assert_eq!(run(&warehouse, columns).await.unwrap().rows[0]["data_type"], "INT64");
    for sql in [
        "ALTER TABLE d.trips ADD COLUMN fare NUMERIC OPTIONS (description = 'what it cost')",
        "ALTER TABLE d.trips RENAME COLUMN fare TO price",
        "ALTER TABLE d.trips ALTER COLUMN price SET OPTIONS (description = 'price')",
        "CREATE OR REPLACE TABLE d.copy CLONE d.trips",
        "ALTER TABLE d.copy RENAME TO copied",
        "TRUNCATE TABLE d.copied",
        "CREATE OR REPLACE VIEW d.v AS SELECT id FROM d.trips",
        "DROP VIEW d.v",
    ] {
        run(&warehouse, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let info = warehouse.table_info("d", "trips").await.unwrap();
    assert_eq!(info.columns[2].description.as_deref(), Some("price"));
    assert_eq!(info.description.as_deref(), Some("trips"));
    assert_eq!(warehouse.list_tables("d").await.unwrap().len(), 2);
}

/// Runs the statements of a monthly load and prints the time of each. `SEGUE_BENCH_CSV` names the file to load.
#[tokio::test]
#[ignore = "a measurement: names its file in SEGUE_BENCH_CSV"]
async fn monthly_load_times() {
    let source = std::path::PathBuf::from(std::env::var("SEGUE_BENCH_CSV").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects/taxi");
    std::fs::create_dir_all(&objects).unwrap();
    std::fs::hard_link(&source, objects.join("month.csv"))
        .or_else(|_| std::fs::copy(&source, objects.join("month.csv")).map(|_| ()))
        .unwrap();
    let warehouse = open(folder.path());
    let columns = "VendorID STRING, tpep_pickup_datetime TIMESTAMP, tpep_dropoff_datetime TIMESTAMP, passenger_count \
                   INTEGER, trip_distance NUMERIC, RatecodeID STRING, store_and_fwd_flag STRING, PULocationID STRING, \
                   DOLocationID STRING, payment_type INTEGER, fare_amount NUMERIC, extra NUMERIC, mta_tax NUMERIC, \
                   tip_amount NUMERIC, tolls_amount NUMERIC, improvement_surcharge NUMERIC, total_amount NUMERIC, \
                   congestion_surcharge NUMERIC";
    let names: Vec<&str> = columns.split(',').filter_map(|column| column.split_whitespace().next()).collect();
    let key = [
        "VendorID",
        "tpep_pickup_datetime",
        "tpep_dropoff_datetime",
        "PULocationID",
        "DOLocationID",
        "fare_amount",
    ]
    .map(|name| format!("COALESCE(CAST({name} AS STRING), \"\")"))
    .join(", ");
    let merge = format!(
        "MERGE INTO `p.z.trips` T USING `p.z.month` S ON T.unique_row_id = S.unique_row_id WHEN NOT MATCHED THEN INSERT \
         (unique_row_id, filename, {0}) VALUES (S.unique_row_id, S.filename, {1})",
        names.join(", "),
        names.iter().map(|name| format!("S.{name}")).collect::<Vec<_>>().join(", ")
    );
    for sql in [
        "CREATE SCHEMA z".to_owned(),
        format!(
            "CREATE TABLE IF NOT EXISTS `p.z.trips` (unique_row_id BYTES OPTIONS (description = 'key'), filename STRING, {columns}) PARTITION BY DATE(tpep_pickup_datetime)"
        ),
        format!(
            "CREATE OR REPLACE EXTERNAL TABLE `p.z.month_ext` ({columns}) OPTIONS (format = 'CSV', uris = ['gs://taxi/month.csv'], skip_leading_rows = 1, ignore_unknown_values = TRUE)"
        ),
        format!(
            "CREATE OR REPLACE TABLE `p.z.month` AS SELECT MD5(CONCAT({key})) AS unique_row_id, \"month.csv\" AS filename, * FROM `p.z.month_ext`"
        ),
        merge.clone(),
        merge,
    ] {
        let start = std::time::Instant::now();
        let result = run(&warehouse, &sql).await.unwrap();
        println!(
            "{:28} {:?} {:7.3} s",
            result.statement_kind,
            result.affected_rows,
            start.elapsed().as_secs_f64()
        );
    }
}

/// A process that is killed during a statement leaves nothing of this statement, and everything of the jobs before.
#[tokio::test]
async fn a_killed_statement_leaves_no_trace() {
    const PLACE: &str = "SEGUE_TEST_WAREHOUSE";
    let done = QueryJob {
        job_id: "done".into(),
        sql: "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT 1 AS x; INSERT INTO d.t (x) VALUES (2)".into(),
        ..QueryJob::default()
    };
    if let Ok(location) = std::env::var(PLACE) {
        let warehouse = open(Path::new(&location));
        warehouse.query(done).await.unwrap();
        std::fs::write(Path::new(&location).join("marker"), "").unwrap();
        let endless = "INSERT INTO d.t (x) SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 600000)) AS a CROSS JOIN \
                       UNNEST(GENERATE_ARRAY(1, 600000)) AS b WHERE MOD(a * b, 7) = 3";
        run(&warehouse, endless).await.unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "warehouse::tests::a_killed_statement_leaves_no_trace"])
        .env(PLACE, folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    while !folder.path().join("marker").exists() {
        assert!(started.elapsed().as_secs() < 60, "the other process never got so far");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let held = run(&open(folder.path()), "SELECT 1").await.unwrap_err();
    assert!(matches!(held, WarehouseError::Busy { .. }), "{held}");
    assert!(held.to_string().contains(&format!("PID {}", child.id())), "{held}");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let warehouse = open(folder.path());
    assert_eq!(warehouse.table_info("d", "t").await.unwrap().rows, Some(2));
    assert!(warehouse.query(done).await.unwrap().from_record);
    run(&warehouse, "INSERT INTO d.t (x) VALUES (3)").await.unwrap();
    assert_eq!(warehouse.table_info("d", "t").await.unwrap().rows, Some(3));
}
