//! Tests that a task stops when it must, runs again without harm, and leaves nothing behind.

use crate::query::Query;
use crate::testing::Platform;
use segue_model::Json;
use segue_task::testing::{TestEnd, run_under};
use segue_task::{Task as _, TaskSettings};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Makes nine trillion pairs of rows, so it runs for days.
const ENDLESS: &str =
    "SELECT count(*) AS n FROM range(3000000) a, range(3000000) b WHERE (a.range * b.range) % 7 = 3";

/// The number of files and folders below a folder.
fn left(folder: &Path) -> usize {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| 1 + left(&entry.unwrap().path())).sum(),
        Err(_) => 0,
    }
}

/// Settings with which a statement that is not interrupted runs for another minute.
fn patient(platform: &Platform) -> TaskSettings {
    TaskSettings { grace: Duration::from_secs(60), ..platform.settings() }
}

#[tokio::test]
async fn a_timeout_interrupts_a_statement() {
    let platform = Platform::new();
    for (sql, kind) in [
        (ENDLESS.to_owned(), "FETCH"),
        (format!("CREATE TABLE t AS {ENDLESS}"), "NONE"),
        ("FROM range(1000000000000)".to_owned(), "STORE"),
    ] {
        let begun = Instant::now();
        let mut message = platform.message_of(Query::TYPE, json!({"sql": sql, "fetchType": kind}));
        message.timeout = Some("PT0.5S".to_owned());
        assert_eq!(
            platform.handle_as(&crate::tasks(), patient(&platform), message).await.error(),
            "Timeout after 00:00:00.500",
            "{sql}"
        );
        assert!(begun.elapsed() < Duration::from_secs(20), "{sql}: {:?}", begun.elapsed());
        assert_eq!(left(&platform.work_root()), 0, "{sql}");
    }
}

#[tokio::test]
async fn a_killed_task_stops_and_leaves_nothing() {
    let platform = Platform::new();
    let stop = CancellationToken::new();
    let later = stop.clone();
    let message = platform.message_of(Query::TYPE, json!({"sql": ENDLESS, "outputDbFile": true}));
    let killed = async {
        while left(&platform.work_root()) < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        later.cancel();
    };
    let tasks = crate::tasks();
    let run = run_under(&tasks, platform.ports.clone(), patient(&platform), message, &stop);
    let begun = Instant::now();
    let (end, ()) = tokio::join!(run, killed);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(matches!(end, TestEnd::Stopped), "{end:?}");
    assert_eq!(left(&platform.work_root()), 0);
}

#[tokio::test]
async fn the_same_message_twice_late_and_after_a_crash() {
    let platform = Platform::new();
    let input = platform.store("in.csv", b"a\n1\n2\n").await;
    let task = json!({"inputFiles": {"in.csv": input}, "outputFiles": ["out.csv"], "outputDbFile": true,
        "sql": "CREATE TABLE t AS FROM 'in.csv'; COPY t TO '{{ outputFiles['out.csv'] }}'; SELECT sum(a)::INTEGER AS s FROM t",
        "fetchType": "STORE"});
    let message = platform.message_of(Query::TYPE, task);
    let first = platform.handle(message.clone()).await.outputs();
    // What a crash leaves: the folder of the attempt with half of everything.
    let directory = platform.work_root().join("execution1").join("taskrun1-0");
    std::fs::create_dir_all(directory.join(".segue-duckdb-taskrun1-0")).unwrap();
    for name in ["in.csv", "out.csv", ".segue-duckdb-taskrun1-0/database.duckdb"] {
        std::fs::write(directory.join(name), "half").unwrap();
    }
    for _ in 0..2 {
        let again = platform.handle(message.clone()).await.outputs();
        assert_eq!(Json::Object(again.clone()), Json::Object(first.clone()));
        assert_eq!(platform.text(&again["uri"]).await, "{s:3}\n");
        assert_eq!(platform.text(&again["outputFiles"]["out.csv"]).await, "a\n1\n2\n");
        assert_eq!(left(&platform.work_root()), 0);
    }
}
