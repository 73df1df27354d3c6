//! Tests of query parameters.

use super::DuckDbWarehouse;
use segue_ports::warehouse::{Parameter, QueryJob, QueryResult, Warehouse as _, WarehouseError};
use serde_json::{Value, json};

fn typed(data_type: &str, value: Value) -> Parameter {
    Parameter { data_type: Some(data_type.parse().unwrap()), value }
}

async fn run(job: QueryJob) -> Result<QueryResult, WarehouseError> {
    let folder = tempfile::tempdir().unwrap();
    DuckDbWarehouse::open(&folder.path().join("warehouse.duckdb"), folder.path()).query(job).await
}

/// Each type keeps its value and its type.
#[tokio::test]
async fn parameters_have_their_declared_types() {
    for (data_type, value, printed, own) in [
        ("INT64", json!("9223372036854775807"), json!(i64::MAX), "INT64"),
        ("FLOAT64", json!("1.5"), json!(1.5), "FLOAT64"),
        ("NUMERIC", json!("0.1"), json!(0.1), "NUMERIC"),
        ("BOOL", json!("true"), json!(true), "BOOL"),
        ("STRING", json!("2024-01-31"), json!("2024-01-31"), "STRING"),
        ("BYTES", json!("YWI="), json!("YWI="), "BYTES"),
        ("DATE", json!("2024-01-31"), json!("2024-01-31"), "DATE"),
        ("TIMESTAMP", json!("2024-01-31 10:00:00+00"), json!("2024-01-31T10:00:00Z"), "TIMESTAMP"),
        ("JSON", json!("{\"a\": 1}"), json!("{\"a\":1}"), "JSON"),
        (
            "STRUCT<x INT64, y DATE>",
            json!({"x": 1, "y": "2024-01-31"}),
            json!({"x": 1, "y": "2024-01-31"}),
            "STRUCT<x INT64, y DATE>",
        ),
        ("DATE", json!(null), json!(null), "DATE"),
    ] {
        let parameters = [("p".to_owned(), typed(data_type, value))].into();
        let job = QueryJob { sql: "SELECT @`P` AS p".into(), parameters, ..QueryJob::default() };
        let result = run(job).await.unwrap();
        assert_eq!(
            (&result.rows[0]["p"], result.schema[0].data_type.as_str()),
            (&printed, own),
            "{data_type}"
        );
    }
    let ids = typed("ARRAY<INT64>", json!(["1", "3"]));
    let job = QueryJob {
        sql: "SELECT x FROM UNNEST([1, 2, 3]) AS x WHERE x IN UNNEST(?) ORDER BY x LIMIT ?; SELECT x + ? AS y FROM UNNEST(?) AS x WHERE x = ? ORDER BY 1".into(),
        positional: vec![ids.clone(), typed("INT64", json!("1")), typed("INT64", json!(10)), ids, typed("INT64", json!(3))],
        ..QueryJob::default()
    };
    assert_eq!(
        json!(run(job).await.unwrap().rows),
        json!([{"y": 13}]),
        "numbers count over the whole script"
    );
}

#[tokio::test]
async fn wrong_parameters_are_named_at_their_place() {
    for (data_type, value, part) in [
        ("INT64", json!("1.5"), "Query parameter 'p' is invalid: the value \"1.5\" is no INT64 at [1:8]"),
        ("DATE", json!("2024-02-30"), "is no DATE"),
        ("BYTES", json!("%"), "is no BYTES"),
        ("ARRAY<INT64>", json!("1"), "is no ARRAY<INT64>"),
        ("STRUCT<x INT64>", json!({"y": 1}), "has no field 'y'"),
        ("NOTYPE", json!("1"), "Type not found: NOTYPE"),
    ] {
        let parameters = [("p".to_owned(), typed(data_type, value))].into();
        let job = QueryJob { sql: "SELECT @p".into(), parameters, ..QueryJob::default() };
        let error = run(job).await.unwrap_err().to_string();
        assert!(error.contains(part), "{data_type}: {error}");
    }
    let job = QueryJob { sql: "SELECT 1,\n ?".into(), ..QueryJob::default() };
    let error = run(job).await.unwrap_err().to_string();
    assert!(error.contains("Query parameter number 1 not found at [2:2]"), "{error}");
}
