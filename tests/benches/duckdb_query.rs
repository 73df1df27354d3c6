//! A DuckDB `Query` over a file with a million rows against the same statement with the library alone: seconds of each,
//! and their ratio, for a result of few rows and for a result of all rows.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark ends by panicking, and prints its figures"
)]

use segue_task::testing::Platform;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

const ROWS: u64 = 1_000_000;
/// How often each of the two runs a statement.
const RUNS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let library = duckdb::Connection::open_in_memory().unwrap();
    let made = "SELECT range AS id, 'the name of row ' || range AS name, TIMESTAMP '2021-01-01' + to_minutes(range) AS moment, \
                (range % 10000 / 100)::DECIMAL(9, 2) AS amount";
    library.execute_batch(&format!("COPY ({made} FROM range({ROWS})) TO '{}'", path.display())).unwrap();
    let platform = Platform::new(segue_fn_duckdb::tasks(), |folder| segue_embedded::connect(folder).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let copy = folder.path().join("copy.csv");
    std::fs::copy(&path, &copy).unwrap();
    let input = runtime.block_on(platform.ports.storage.put_file("rows.csv", &copy)).unwrap().0;
    for (name, sql, size) in [
        (
            "a sum of each day",
            "SELECT date_trunc('day', moment) AS day, sum(amount) AS s FROM 'rows.csv' GROUP BY ALL",
            695,
        ),
        ("all rows", "FROM 'rows.csv'", ROWS),
    ] {
        // In turns, so that a busy machine slows both down.
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            theirs.push(with_library(folder.path(), sql));
            let task = json!({"type": "io.kestra.plugin.jdbc.duckdb.Query", "inputFiles": {"rows.csv": input}, "sql": sql,
                "fetchType": "STORE"});
            let began = Instant::now();
            assert_eq!(runtime.block_on(platform.run(task)).outputs()["size"], size);
            ours.push(began.elapsed().as_secs_f64());
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!("{name} of {ROWS}: Query {ours:.2} s; library {theirs:.2} s; ratio {:.2}", ours / theirs);
    }
}

/// The same statement in a new database, with the result as lines of JSON in a file.
fn with_library(folder: &Path, sql: &str) -> f64 {
    let began = Instant::now();
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let sql = sql.replace("rows.csv", &folder.join("rows.csv").to_string_lossy());
    let result = folder.join("result.json");
    connection.execute_batch(&format!("COPY ({sql}) TO '{}' (FORMAT json)", result.display())).unwrap();
    began.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
