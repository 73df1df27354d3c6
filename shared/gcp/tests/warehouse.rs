//! The warehouse on an emulator of BigQuery from PyPI (`bqemulator`), as far as the emulator supports the
//! port.
//!
//! The whole port is tested on the stand-in, in `tests/tests/bigquery`. Here the code runs against another
//! implementation of BigQuery's REST API. `GAPS` and `LEFT_OUT` list the features that the emulator lacks, and the test
//! prints them.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what is wrong here fails a test")]

mod support;

use segue_gcp::BigQueryWarehouse;
use segue_ports::conformance::warehouse::expressions;
use segue_ports::warehouse::{
    CreateDataset, IfExists, Mode, QueryJob, QueryResult, TableKind, Warehouse as _, WarehouseError,
};
use serde_json::json;

/// Expressions with results that differ from BigQuery's.
const GAPS: [(&str, &str); 5] = [
    ("CAST(NUMERIC '8' AS STRING)", "NUMERIC keeps its zeros as text"),
    ("CAST(CAST('0.10' AS NUMERIC) AS STRING)", "NUMERIC keeps its zeros as text"),
    ("CAST(1.0 AS STRING)", "FLOAT64 keeps its zero as text"),
    ("CAST(2.5 AS INT64)", "halves are rounded to even"),
    ("DATE_TRUNC(DATE '2021-01-06', ISOWEEK)", "ISOWEEK is not known"),
];
/// Requests that are not made at all.
const LEFT_OUT: [&str; 9] = [
    "external tables: accepted, but no file is read",
    "job ids: a used id runs again; BigQuery answers 409",
    "scripts: they have no child jobs, so the result of the last statement is not available",
    "destination tables: nothing is written into them",
    "partitions, clustering, descriptions of columns: not reported",
    "rows written by CREATE TABLE AS SELECT, and dmlStats: not reported",
    "a dataset with tables: 404 instead of resourceInUse; a name with a dash is accepted",
    "number of rows of a table: not updated after INSERT, UPDATE and DELETE",
    "positions of errors in the statement: not reported",
];

fn warehouse() -> Option<BigQueryWarehouse> {
    let config = support::config("BIGQUERY_EMULATOR_HOST")?;
    Some(BigQueryWarehouse::connect(&config).unwrap())
}

async fn run(warehouse: &BigQueryWarehouse, sql: &str) -> Result<QueryResult, WarehouseError> {
    warehouse.query(QueryJob { sql: sql.to_owned(), ..QueryJob::default() }).await
}

/// A new dataset for each test, because the emulator keeps the data of earlier runs.
async fn dataset(warehouse: &BigQueryWarehouse) -> String {
    let name = format!("t{}", segue_ports::random_name());
    let request = CreateDataset { name: name.clone(), ..CreateDataset::default() };
    assert!(warehouse.create_dataset(request).await.unwrap().created);
    name
}

#[tokio::test]
async fn expressions_are_what_bigquery_makes_of_them() {
    let Some(warehouse) = warehouse() else { return };
    for gap in LEFT_OUT {
        eprintln!("left out, the emulator lacks it: {gap}");
    }
    for (expression, expected) in expressions() {
        if let Some((_, why)) = GAPS.iter().find(|(gap, _)| *gap == expression) {
            eprintln!("left out, the emulator lacks it: {expression}: {why}");
            continue;
        }
        let result = run(&warehouse, &format!("SELECT {expression} AS v")).await;
        let result = result.unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert_eq!(result.rows[0]["v"], expected, "{expression}");
    }
}

#[tokio::test]
async fn datasets_are_made_once_and_changed_or_left() {
    let Some(warehouse) = warehouse() else { return };
    let request = CreateDataset {
        name: format!("t{}", segue_ports::random_name()),
        location: Some("EU".to_owned()),
        description: Some("first".to_owned()),
        ..CreateDataset::default()
    };
    let made = warehouse.create_dataset(request.clone()).await.unwrap();
    assert!(made.created && !made.updated && made.location.as_deref() == Some("EU"));
    let again = warehouse.create_dataset(request.clone()).await.unwrap_err();
    assert!(matches!(again, WarehouseError::AlreadyExists { .. }), "{again}");
    let other = CreateDataset { description: Some("second".to_owned()), ..request.clone() };
    let skipped = CreateDataset { if_exists: IfExists::Skip, ..other.clone() };
    let skipped = warehouse.create_dataset(skipped).await.unwrap();
    assert_eq!((skipped.created, skipped.description.as_deref()), (false, Some("first")));
    let updated = CreateDataset { if_exists: IfExists::Update, ..other };
    let updated = warehouse.create_dataset(updated).await.unwrap();
    assert_eq!((updated.updated, updated.description.as_deref()), (true, Some("second")));
    assert!(warehouse.list_datasets().await.unwrap().contains(&request.name));
    warehouse.delete_dataset(&format!("demo.{}", request.name), true).await.unwrap();
    let gone = warehouse.delete_dataset(&request.name, true).await.unwrap_err();
    assert!(matches!(gone, WarehouseError::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn rows_are_written_changed_and_read() {
    let Some(warehouse) = warehouse() else { return };
    let set = dataset(&warehouse).await;
    let create = format!(
        "CREATE TABLE {set}.t (k BYTES, seen TIMESTAMP, n NUMERIC NOT NULL, s STRUCT<a INT64, b ARRAY<STRING>>) \
         OPTIONS (description = 'rows')"
    );
    assert_eq!(run(&warehouse, &create).await.unwrap().statement_kind, "CREATE_TABLE");
    for (sql, kind, changed) in [
        (
            format!(
                "INSERT INTO {set}.t (k, seen, n, s) VALUES (MD5('a'), TIMESTAMP '2021-01-01 00:30:00.123456', 1.5, \
                 STRUCT(1 AS a, ['x', 'y'] AS b))"
            ),
            "INSERT",
            1,
        ),
        (format!("UPDATE {set}.t SET n = n + 1 WHERE TRUE"), "UPDATE", 1),
        (
            format!(
                "MERGE {set}.t T USING (SELECT 7 AS x) S ON T.n = S.x WHEN NOT MATCHED THEN INSERT (n) VALUES (S.x)"
            ),
            "MERGE",
            1,
        ),
        (format!("DELETE FROM {set}.t WHERE n = 7"), "DELETE", 1),
    ] {
        let result = run(&warehouse, &sql).await.unwrap();
        assert_eq!((result.statement_kind.as_str(), result.affected_rows), (kind, Some(changed)), "{sql}");
    }
    let found = run(&warehouse, &format!("SELECT * FROM {set}.t")).await.unwrap();
    let row = json!({"k": "DMF1ucDxtqgxw5niaXcmYQ==", "seen": "2021-01-01T00:30:00.123456Z", "n": 2.5,
        "s": {"a": 1, "b": ["x", "y"]}});
    assert_eq!((json!(found.rows), found.total_rows), (json!([row]), 1));
    let table = warehouse.table_info(&set, "t").await.unwrap();
    assert_eq!((table.kind, table.description.as_deref()), (TableKind::Table, Some("rows")));
    let columns: Vec<_> =
        table.columns.iter().map(|column| (column.data_type.as_str(), column.mode)).collect();
    let (nullable, required) = (Mode::Nullable, Mode::Required);
    assert_eq!(
        columns,
        [
            ("BYTES", nullable),
            ("TIMESTAMP", nullable),
            ("NUMERIC", required),
            ("STRUCT<a INT64, b ARRAY<STRING>>", nullable)
        ]
    );
    assert_eq!(warehouse.list_tables(&set).await.unwrap(), [table]);
    let exists = run(&warehouse, &create).await.unwrap_err();
    assert!(matches!(exists, WarehouseError::AlreadyExists { .. }), "{exists}");
    warehouse.delete_table(&set, "t").await.unwrap();
    let gone = warehouse.table_info(&set, "t").await.unwrap_err();
    assert!(matches!(gone, WarehouseError::NotFound { .. }), "{gone}");
    warehouse.delete_dataset(&set, true).await.unwrap();
}

#[tokio::test]
async fn jobs_fail_with_a_meaning_and_dry_runs_change_nothing() {
    let Some(warehouse) = warehouse() else { return };
    for sql in ["SELECT FROM WHERE", "SELECT 1 / 0"] {
        let error = run(&warehouse, sql).await.unwrap_err();
        assert!(matches!(error, WarehouseError::InvalidQuery { .. }), "{sql}: {error}");
    }
    let before = warehouse.counts();
    let dry = QueryJob { sql: "SELECT 1 AS x, 'a' AS y".to_owned(), dry_run: true, ..QueryJob::default() };
    assert_eq!(warehouse.query(dry).await.unwrap().schema.len(), 2);
    assert_eq!(warehouse.counts().since(before).jobs, 0);
    let with = QueryJob {
        sql: "SELECT @a AS a, @n + 1 AS n".to_owned(),
        parameters: [("a".to_owned(), json!(["x"]).into()), ("n".to_owned(), json!(4).into())].into(),
        max_results: Some(1),
        ..QueryJob::default()
    };
    assert_eq!(json!(warehouse.query(with).await.unwrap().rows), json!([{"a": ["x"], "n": 5}]));
    warehouse.cancel(&QueryJob { job_id: "never_begun".to_owned(), ..QueryJob::default() }).await.unwrap();
}
