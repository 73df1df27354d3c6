//! Jobs that are requested twice, that fail, that take long, or with a caller that ends before the job.

use super::{World, run};
use segue_gcp::BigQueryWarehouse;
use segue_ports::warehouse::{QueryJob, Warehouse as _, WarehouseError};
use std::time::{Duration, Instant};

const INSERT: &str = "INSERT INTO j.t (x) VALUES (1)";

/// A stand-in with the empty table `j.t`.
async fn world() -> World {
    let world = World::new().await;
    run(&world.warehouse(), "CREATE SCHEMA j; CREATE TABLE j.t (x INT64)").await.unwrap();
    world
}

fn job(sql: &str, labels: &[(&str, &str)]) -> QueryJob {
    QueryJob {
        job_id: "segue_execution_task_0".to_owned(),
        sql: sql.to_owned(),
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..QueryJob::default()
    }
}

async fn rows(warehouse: &BigQueryWarehouse) -> Option<u64> {
    warehouse.table_info("j", "t").await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deliveries_at_once_make_one_job() {
    let world = world().await;
    let (one, other) = (world.warehouse(), world.warehouse());
    let slow = job(INSERT, &[("standin-delay-ms", "300")]);
    let (first, second) = tokio::join!(one.query(slow.clone()), other.query(slow.clone()));
    assert_eq!((first.unwrap().affected_rows, second.unwrap().affected_rows), (Some(1), Some(1)));
    assert_eq!(one.counts().jobs + other.counts().jobs, 1);
    let late = world.warehouse().query(slow).await.unwrap();
    assert!(late.from_record && late.affected_rows == Some(1));
    assert_eq!(rows(&one).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_passing_failure_the_next_id_is_taken_by_everybody() {
    let world = world().await;
    for (number, reason) in
        ["jobBackendError", "rateLimitExceeded", "jobInternalError"].into_iter().enumerate()
    {
        let warehouse = world.warehouse();
        let sql = format!("INSERT INTO j.t (x) VALUES ({number})");
        let id = format!("segue_{number}");
        let asked = QueryJob { job_id: id.clone(), ..job(&sql, &[("standin-fail-once", reason)]) };
        let failed = warehouse.query(asked.clone()).await.unwrap_err();
        assert!(failed.is_transient() && failed.to_string().contains(reason), "{failed}");
        let again = warehouse.query(asked.clone()).await.unwrap();
        assert_eq!((again.job_id, again.from_record), (format!("{id}_2"), false));
        let (one, other) = (world.warehouse(), world.warehouse());
        let (third, fourth) = tokio::join!(one.query(asked.clone()), other.query(asked));
        for late in [third.unwrap(), fourth.unwrap()] {
            assert_eq!((late.job_id, late.from_record), (format!("{id}_2"), true));
        }
        assert_eq!(rows(&warehouse).await, Some(number as u64 + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_failure_stays_the_answer() {
    let world = world().await;
    let warehouse = world.warehouse();
    let wrong = job("SELECT nothing\nFROM j.t", &[]);
    for _ in 0..2 {
        let failed = warehouse.query(wrong.clone()).await.unwrap_err();
        let WarehouseError::InvalidQuery { line, column, .. } = &failed else { panic!("{failed}") };
        assert_eq!((*line, *column), (Some(1), Some(8)), "{failed}");
    }
    assert_eq!(warehouse.counts().jobs, 1, "the second delivery began none");
    // A later delivery may render another text. The job is still the same.
    let other = warehouse.query(job(INSERT, &[])).await.unwrap_err();
    assert!(matches!(other, WarehouseError::InvalidQuery { line: Some(1), .. }), "{other}");
    assert_eq!((rows(&warehouse).await, warehouse.counts().jobs), (Some(0), 1));
}

/// Statements that a script executed before its failure are not executed again.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_failed_half_done_is_not_begun_again() {
    let world = world().await;
    let warehouse = world.warehouse();
    let script = format!("{INSERT}; INSERT INTO j.t (x) VALUES (2)");
    let half = job(&script, &[("standin-fail-once", "jobBackendError"), ("standin-fail-after", "1")]);
    assert!(warehouse.query(half.clone()).await.unwrap_err().is_transient());
    let again = warehouse.query(half).await.unwrap_err();
    assert!(matches!(again, WarehouseError::Conflict { .. }), "{again}");
    assert_eq!(rows(&warehouse).await, Some(1));
    let untouched = QueryJob {
        job_id: "segue_2".to_owned(),
        ..job(&format!("{script};"), &[("standin-fail-once", "jobBackendError")])
    };
    assert!(warehouse.query(untouched.clone()).await.unwrap_err().is_transient());
    assert_eq!(warehouse.query(untouched).await.unwrap().job_id, "segue_2_2");
    assert_eq!(rows(&warehouse).await, Some(3));
}

/// If the caller dies while the job runs, the next caller finds the job.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_caller_died_is_found_again() {
    let world = world().await;
    let slow = QueryJob {
        location: Some("europe-west1".to_owned()),
        ..job(INSERT, &[("standin-delay-ms", "3000")])
    };
    let dying = world.warehouse();
    let cut = tokio::time::timeout(Duration::from_millis(1500), dying.query(slow.clone())).await;
    assert!(cut.is_err() && dying.counts().jobs == 1);
    let next = world.warehouse();
    // This caller does not know the location. It learns the location from the refusal of the job's id.
    let found = next.query(QueryJob { location: None, ..slow.clone() }).await.unwrap();
    assert_eq!((found.affected_rows, found.from_record, next.counts().jobs), (Some(1), false, 0));
    assert!(world.warehouse().query(slow).await.unwrap().from_record);
    assert_eq!(rows(&next).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends_and_the_result_comes_later() {
    let world = world().await;
    let warehouse = world.warehouse();
    let slow = job(INSERT, &[("standin-delay-ms", "900")]);
    let begun = Instant::now();
    for patience in [Duration::ZERO, Duration::from_millis(150)] {
        let asked = QueryJob { patience: Some(patience), ..slow.clone() };
        let answer = warehouse.query(asked).await.unwrap_err();
        assert_eq!(answer, WarehouseError::StillRunning { job_id: slow.job_id.clone() });
    }
    assert!(begun.elapsed() < Duration::from_millis(800), "{:?}", begun.elapsed());
    let asked = QueryJob { patience: Some(Duration::from_secs(60)), ..slow };
    assert_eq!(warehouse.query(asked).await.unwrap().affected_rows, Some(1));
    assert_eq!((warehouse.counts().jobs, rows(&warehouse).await), (1, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_ends_and_does_nothing() {
    let world = world().await;
    let warehouse = world.warehouse();
    let endless = job(INSERT, &[("standin-delay-ms", "60000")]);
    warehouse.cancel(&endless).await.unwrap();
    let asked = QueryJob { patience: Some(Duration::ZERO), ..endless.clone() };
    assert!(matches!(warehouse.query(asked).await, Err(WarehouseError::StillRunning { .. })));
    let begun = Instant::now();
    warehouse.cancel(&endless).await.unwrap();
    let ended = warehouse.query(endless.clone()).await.unwrap_err();
    assert!(!ended.is_transient() && ended.to_string().contains("cancelled"), "{ended}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(rows(&warehouse).await, Some(0));
    warehouse.cancel(&endless).await.unwrap();
}

/// The first try failed, so the running job has the second id.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_try_is_cancelled_too() {
    let world = world().await;
    let warehouse = world.warehouse();
    let trouble = [("standin-fail-once", "jobBackendError")];
    warehouse.query(job(INSERT, &trouble)).await.unwrap_err();
    let slow = QueryJob { patience: Some(Duration::ZERO), ..job(INSERT, &[("standin-delay-ms", "60000")]) };
    let running = warehouse.query(slow.clone()).await.unwrap_err();
    assert_eq!(running, WarehouseError::StillRunning { job_id: format!("{}_2", slow.job_id) });
    warehouse.cancel(&slow).await.unwrap();
    let ended = warehouse.query(QueryJob { patience: None, ..slow }).await.unwrap_err();
    assert!(ended.to_string().contains("cancelled"), "{ended}");
}
