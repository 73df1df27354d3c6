//! The memory of a task that stores the rows of a large result. The server makes the pages as they are asked for.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what is wrong here fails a test"
)]

use axum::extract::Query;
use axum::http::{Method, Uri};
use axum::{Json, Router};
use segue_gcp::{BigQueryWarehouse, PlatformConfig};
use segue_task::testing::{message, run};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// The number of rows. `SEGUE_TEST_ROWS` sets another number.
const ROWS: u64 = 150_000;
/// The most memory that reading may add. In bytes. All rows of the test would take more than 100 MiB.
const MOST: u64 = 80 << 20;

async fn bigquery(rows: u64, method: Method, uri: Uri, asked: HashMap<String, String>) -> Json<Value> {
    let reference = json!({"projectId": "p", "jobId": "j", "location": "US"});
    if method == Method::POST || uri.path().contains("/jobs/") {
        return Json(
            json!({"jobReference": reference, "status": {"state": "DONE"}, "configuration": {"query": {"query": "SELECT"}},
            "statistics": {"query": {"statementType": "SELECT"}}}),
        );
    }
    let number = |name: &str| asked.get(name).and_then(|text| text.parse::<u64>().ok());
    let first = number("pageToken").unwrap_or_default();
    let end = rows.min(first + number("maxResults").unwrap_or(10_000));
    let text = "0123456789".repeat(10);
    let cells = |row: u64| json!({"f": [{"v": row.to_string()}, {"v": text}, {"v": "1609461000123456"}, {"v": "12.5"}]});
    let mut page = json!({"jobComplete": true, "jobReference": reference, "totalRows": rows.to_string(),
        "rows": (first..end).map(cells).collect::<Vec<_>>(),
        "schema": {"fields": [{"name": "id", "type": "INTEGER"}, {"name": "text", "type": "STRING"},
            {"name": "at", "type": "TIMESTAMP"}, {"name": "fare", "type": "NUMERIC"}]}});
    if end < rows {
        page["pageToken"] = json!(end.to_string());
    }
    Json(page)
}

/// A number of the kernel about this process, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: u64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the variable is a switch of this test, not of the program")]
async fn a_large_result_is_stored_in_little_memory() {
    let rows: u64 = std::env::var("SEGUE_TEST_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = move |method, uri, Query(asked)| bigquery(rows, method, uri, asked);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await });
    let config = PlatformConfig::from_variables(|name| match name {
        "SEGUE_PROJECT" => Some("p".to_owned()),
        "BIGQUERY_EMULATOR_HOST" => Some(address.clone()),
        _ => None,
    });
    let warehouse = Arc::new(BigQueryWarehouse::connect(&config.unwrap()).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut ports = segue_embedded::connect(dir.path()).unwrap();
    ports.warehouse = warehouse;
    let storage = ports.storage.clone();
    let query =
        message("io.kestra.plugin.gcp.bigquery.Query", json!({"sql": "SELECT", "fetchType": "STORE"}));
    // From here on, the kernel counts a new peak.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS");
    let run = run(&segue_fn_bigquery::tasks(), ports, &dir.path().join("work"), query).await.unwrap();
    let peak = memory("VmHWM") - before;
    assert_eq!((run.result.error, &run.result.outputs["size"]), (None, &json!(rows)));
    let stored = storage.head(run.result.outputs["uri"].as_str().unwrap()).await.unwrap().unwrap().size;
    println!("{rows} rows, {} MiB stored, {} MiB of memory at the peak", stored >> 20, peak >> 20);
    assert!(peak < MOST, "{} MiB of memory for {rows} rows", peak >> 20);
}
