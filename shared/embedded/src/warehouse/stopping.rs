//! Tests that jobs which would run for hours can be stopped, and that other jobs run at the same time.

use super::{DuckDbWarehouse, Limits};
use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse as _, WarehouseError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Makes nine trillion pairs of rows, so it runs for days.
const ENDLESS: &str = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 3000000)) AS a CROSS JOIN \
                       UNNEST(GENERATE_ARRAY(1, 3000000)) AS b WHERE MOD(a * b, 7) = 3";
/// More time than a short job of these tests needs on a busy machine.
const LATE: Duration = Duration::from_secs(120);

fn open(folder: &TempDir, limits: Limits) -> DuckDbWarehouse {
    DuckDbWarehouse::limited(&folder.path().join("w.duckdb"), &folder.path().join("objects"), limits)
}

async fn run(warehouse: &DuckDbWarehouse, sql: &str) -> Result<QueryResult, WarehouseError> {
    let job = QueryJob { sql: sql.into(), ..QueryJob::default() };
    tokio::time::timeout(LATE, warehouse.query(job)).await.expect("others wait for a long query")
}

/// Waits until no job runs.
async fn idle(warehouse: &DuckDbWarehouse) {
    let begun = Instant::now();
    while warehouse.pool.at_work_now() > 0 {
        assert!(begun.elapsed() < LATE, "a job still runs, but nobody waits for it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_query_nobody_waits_for_stops() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = open(&folder, Limits::default());
    run(&warehouse, "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT 1 AS n").await.unwrap();
    for endless in [
        ENDLESS.to_owned(),
        format!("INSERT INTO d.t (n) {ENDLESS}"),
        format!("CREATE OR REPLACE TABLE d.t AS {ENDLESS}"),
        format!("SELECT 1; SELECT 2; {ENDLESS}; SELECT 3"),
    ] {
        let job = QueryJob { sql: endless.clone(), ..QueryJob::default() };
        let stopped = tokio::time::timeout(Duration::from_secs(1), warehouse.query(job)).await;
        assert!(stopped.is_err(), "{endless}: {stopped:?}");
        idle(&warehouse).await;
        assert_eq!(run(&warehouse, "SELECT n FROM d.t").await.unwrap().total_rows, 1, "{endless}");
        run(&warehouse, "UPDATE d.t SET n = n + 1 WHERE TRUE").await.unwrap();
    }
}

#[tokio::test]
async fn others_go_on_while_a_query_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = std::sync::Arc::new(open(&folder, Limits::default()));
    run(&warehouse, "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT 1 AS n").await.unwrap();
    let other = warehouse.clone();
    let at_work = tokio::spawn(async move { run(&other, &format!("INSERT INTO d.t (n) {ENDLESS}")).await });
    while warehouse.pool.at_work_now() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(run(&warehouse, "SELECT n FROM d.t").await.unwrap().total_rows, 1);
    assert_eq!(warehouse.table_info("d", "t").await.unwrap().rows, Some(1));
    // A job that is stopped while it waits for its turn changes nothing.
    let job = QueryJob { sql: "INSERT INTO d.t (n) VALUES (2)".into(), ..QueryJob::default() };
    assert!(tokio::time::timeout(Duration::from_millis(200), warehouse.query(job)).await.is_err());
    assert!(!at_work.is_finished());
    at_work.abort();
    idle(&warehouse).await;
    run(&warehouse, "INSERT INTO d.t (n) VALUES (3)").await.unwrap();
    assert_eq!(run(&warehouse, "SELECT n FROM d.t").await.unwrap().total_rows, 2);
}

#[tokio::test]
async fn a_query_that_takes_longer_than_allowed_fails_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { query_time: Some(Duration::from_secs(2)), memory: Some("300MB".to_owned()) };
    let warehouse = open(&folder, limits);
    run(&warehouse, "SELECT 1").await.unwrap();
    let refused = run(&warehouse, ENDLESS).await.unwrap_err();
    assert!(!refused.is_transient(), "the same would happen again: {refused}");
    assert!(
        refused.to_string().contains("longer than 2s")
            && refused.to_string().contains("SEGUE_WAREHOUSE_QUERY_TIME")
    );
    idle(&warehouse).await;
    run(&warehouse, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn many_jobs_at_once_change_each_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = std::sync::Arc::new(open(&folder, Limits::default()));
    run(&warehouse, "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT 0 AS n").await.unwrap();
    let jobs: Vec<_> = (0..40)
        .map(|number| {
            let warehouse = warehouse.clone();
            tokio::spawn(async move {
                let sql = match number % 4 {
                    0 => "UPDATE d.t SET n = n + 1 WHERE TRUE",
                    1 => "SELECT n FROM d.t",
                    2 => "CREATE OR REPLACE VIEW d.v AS SELECT n FROM d.t",
                    _ => "CREATE OR REPLACE TABLE d.u AS SELECT n FROM d.t",
                };
                let job = QueryJob { job_id: format!("job{number}"), sql: sql.into(), ..QueryJob::default() };
                warehouse.query(job).await
            })
        })
        .collect();
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    assert_eq!(run(&warehouse, "SELECT n FROM d.t").await.unwrap().rows[0]["n"], 10);
}

#[tokio::test]
async fn memory_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let setting = async |warehouse: &DuckDbWarehouse| -> String {
        let ask = "SELECT current_setting('memory_limit')";
        warehouse
            .read(move |engine| Ok(engine.connection.query_row(ask, [], |row| row.get(0)).unwrap()))
            .await
            .unwrap()
    };
    let limits = Limits { memory: Some("300MB".to_owned()), ..Limits::default() };
    let warehouse = open(&folder, limits);
    assert_eq!(setting(&warehouse).await, "286.1 MiB");
    // A query that needs more memory fails or writes to the disk. The memory of the process does not grow.
    run(
        &warehouse,
        "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n",
    )
    .await
    .unwrap();
    let before = resident();
    let sorted = "SELECT STRING_AGG(CONCAT(REPEAT('x', 1000), CAST(a.n * b.n AS STRING)), '') AS s FROM d.t AS a \
                  CROSS JOIN d.t AS b";
    let outcome = run(&warehouse, sorted).await;
    assert!(outcome.is_err(), "a gigabyte fits into 300 MB");
    let grown = resident().saturating_sub(before);
    assert!(grown < 900, "{grown} MiB more than before");
    run(&warehouse, "SELECT 1").await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let own = setting(&open(&other, Limits::default())).await;
    let all = duckdb::Connection::open_in_memory().unwrap();
    let all: String = all.query_row("SELECT current_setting('memory_limit')", [], |row| row.get(0)).unwrap();
    let number = |text: &str| text.split(' ').next().unwrap().parse::<f64>().unwrap();
    assert!((number(&own) / number(&all) - 0.625).abs() < 0.02, "{own} of {all}");
}

/// The process's memory in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
