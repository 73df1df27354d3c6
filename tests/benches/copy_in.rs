//! CopyIn of a million rows against `psql \copy` of the same file: seconds of each, and their ratio. Says so and ends
//! where PostgreSQL is not installed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark ends by panicking, and prints its figures"
)]

use segue_fn_postgres::cluster::{Cluster, Database};
use segue_task::testing::Platform;
use serde_json::json;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

const ROWS: u64 = 1_000_000;
/// How often each of the two loads the file.
const RUNS: usize = 5;
const COLUMNS: &str = "id integer, name text, at timestamp, amount numeric";

fn main() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for row in 0..ROWS {
        writeln!(file, "{row},the name of row {row},2021-01-01 00:30:00,{}.5", row % 100).unwrap();
    }
    let bytes = file.into_inner().unwrap().metadata().unwrap().len();
    let platform =
        Platform::new(segue_fn_postgres::tasks(), |folder| segue_embedded::connect(folder).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let copy = folder.path().join("copy.csv");
    std::fs::copy(&path, &copy).unwrap();
    let from = runtime.block_on(platform.ports.storage.put_file("rows.csv", &copy)).unwrap().0;
    // In turns, so that a busy machine slows both down.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        theirs.push(psql(cluster, &database, &path));
        ours.push(copy_in(cluster, &database, &platform, &runtime, &from));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "CopyIn of {ROWS} rows ({} MiB): {ours:.2} s; psql \\copy: {theirs:.2} s; ratio {:.2}",
        bytes >> 20,
        ours / theirs
    );
}

fn empty(cluster: &Cluster, database: &Database) {
    cluster.ask(database, &format!("DROP TABLE IF EXISTS t; CREATE TABLE t ({COLUMNS})"));
}

fn psql(cluster: &Cluster, database: &Database, file: &Path) -> f64 {
    empty(cluster, database);
    let began = Instant::now();
    let copy = format!("\\copy t FROM '{}' WITH (FORMAT CSV)", file.display());
    let done = cluster.psql_command(&database.name).args(["--command", &copy]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    began.elapsed().as_secs_f64()
}

fn copy_in(
    cluster: &Cluster,
    database: &Database,
    platform: &Platform,
    runtime: &tokio::runtime::Runtime,
    from: &str,
) -> f64 {
    empty(cluster, database);
    let task = json!({"type": "io.kestra.plugin.jdbc.postgresql.CopyIn", "url": database.url, "username": database.user,
        "password": database.password, "from": from, "table": "t", "format": "CSV"});
    let began = Instant::now();
    assert_eq!(runtime.block_on(platform.run(task)).outputs()["rowCount"], ROWS);
    began.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
