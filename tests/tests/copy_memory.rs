//! The memory of copies and of a stored result. A file of its own, because the kernel counts for the whole process.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what is wrong here fails a test")]

use segue_fn_postgres::cluster::Cluster;
use segue_task::testing::Platform;
use serde_json::{Value, json};
use std::io::Write as _;

/// The number of rows of a copy. `SEGUE_TEST_ROWS` sets another number.
const ROWS: u64 = 1_000_000;
/// The most memory that a task may add. In bytes. The file has about as much.
const MOST: u64 = 64 << 20;

/// A number of the kernel about this process, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: u64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}

/// Runs a task, and returns its outputs. It may not add more memory than [`MOST`].
async fn run(platform: &Platform, what: &str, task: Value) -> serde_json::Map<String, Value> {
    // From here on, the kernel counts a new peak.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS");
    let outputs = platform.run(task).await.outputs();
    let peak = memory("VmHWM").saturating_sub(before);
    println!("{what}: {} MiB of memory at the peak", peak >> 20);
    assert!(peak < MOST, "{what}: {} MiB of memory", peak >> 20);
    outputs
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
async fn a_million_rows_take_little_memory() {
    let Some(cluster) = Cluster::shared() else { return };
    let rows: u64 = std::env::var("SEGUE_TEST_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    let database = cluster.database();
    cluster.ask(&database, "CREATE TABLE t (id integer, name text, at timestamp, amount numeric)");
    let platform =
        Platform::new(segue_fn_postgres::tasks(), |folder| segue_embedded::connect(folder).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for row in 0..rows {
        writeln!(file, "{row},the name of row {row},2021-01-01 00:30:00,{}.5", row % 100).unwrap();
    }
    file.into_inner().unwrap();
    let (from, _) = platform.ports.storage.put_file("rows.csv", &path).await.unwrap();
    let task = |kind: &str, extra: Value| {
        let mut task = json!({"type": format!("io.kestra.plugin.jdbc.postgresql.{kind}"), "url": database.url,
            "username": database.user, "password": database.password});
        task.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        task
    };
    let load = task("CopyIn", json!({"from": from, "table": "t", "format": "CSV"}));
    assert_eq!(run(&platform, "CopyIn", load).await["rowCount"], rows);
    let unload = task("CopyOut", json!({"table": "t", "format": "CSV"}));
    assert_eq!(run(&platform, "CopyOut", unload).await["rowCount"], rows);
    let some = rows / 10;
    let store = task("Query", json!({"sql": format!("SELECT * FROM t LIMIT {some}"), "fetchType": "STORE"}));
    let outputs = run(&platform, "Query", store).await;
    assert_eq!(outputs["size"], some);
    let batch = task("Batch", json!({"from": outputs["uri"], "table": "t"}));
    assert_eq!(run(&platform, "Batch", batch).await["rowCount"], some);
}
