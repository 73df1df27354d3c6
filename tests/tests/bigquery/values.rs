//! Values that pass through BigQuery's JSON are the same as those of the embedded warehouse.

use super::{World, run};
use segue_embedded::warehouse::DuckDbWarehouse;
use segue_ports::warehouse::{QueryJob, Warehouse as _};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_columns_are_those_of_the_embedded_warehouse() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let embedded = DuckDbWarehouse::open(&dir.path().join("w.duckdb"), dir.path());
    for select in [
        "SELECT 9223372036854775807 AS i, -0.5 AS f, 1e300 AS big, CAST('nan' AS FLOAT64) AS n, TRUE AS b",
        "SELECT CAST('inf' AS FLOAT64) AS up, CAST('-inf' AS FLOAT64) AS down, NUMERIC '12.50' AS m, NUMERIC '7' AS w",
        "SELECT 'a\"b\\n' AS s, MD5('a') AS h, DATE '0001-01-01' AS first, DATE '9999-12-31' AS last",
        "SELECT TIMESTAMP '2021-01-01 00:30:00.123456' AS t, TIMESTAMP '1969-12-31 23:59:59.5' AS before",
        "SELECT DATETIME '2021-01-01 01:02:03.25' AS d, TIME '23:59:59.000001' AS c",
        "SELECT [STRUCT(1 AS a, ['x', 'y'] AS b), STRUCT(2, CAST([] AS ARRAY<STRING>))] AS s",
        "SELECT CAST(NULL AS INT64) AS i, CAST(NULL AS STRING) AS s, CAST(NULL AS TIMESTAMP) AS t",
        "SELECT STRUCT(TIMESTAMP '2021-01-01 00:30:00' AS `at`, NUMERIC '0.1' AS price) AS s",
    ] {
        let job = QueryJob { sql: select.to_owned(), ..QueryJob::default() };
        let expected = embedded.query(job).await.unwrap();
        let found = run(&world.warehouse(), select).await.unwrap();
        assert_eq!(json!(found.rows), json!(expected.rows), "{select}");
        assert_eq!(found.schema, expected.schema, "{select}");
    }
}

/// The result has more rows than a page of the stand-in.
#[tokio::test(flavor = "multi_thread")]
async fn results_come_in_pages() {
    let world = World::new().await;
    let warehouse = world.warehouse();
    let select = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x ORDER BY x";
    for (most, rows) in
        [(None, 2500), (Some(0), 0), (Some(1), 1), (Some(1000), 1000), (Some(1200), 1200), (Some(9000), 2500)]
    {
        let job = QueryJob { sql: select.to_owned(), max_results: most, ..QueryJob::default() };
        let result = warehouse.query(job).await.unwrap();
        let found: Vec<i64> = result.rows.iter().map(|row| row["x"].as_i64().unwrap()).collect();
        assert_eq!(found, (1..=rows).collect::<Vec<i64>>(), "{most:?}");
        assert_eq!((result.total_rows, result.schema.len()), (2500, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_keep_their_types() {
    let world = World::new().await;
    let job = QueryJob {
        sql: "SELECT @i + 1 AS i, @f AS f, @s || '!' AS s, NOT @b AS b, @a[OFFSET(1)] AS a, @r.x AS r"
            .to_owned(),
        parameters: [
            ("i", json!(41)),
            ("f", json!(0.25)),
            ("s", json!("it's")),
            ("b", json!(false)),
            ("a", json!(["x", "y"])),
            ("r", json!({"x": 7})),
        ]
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into(),
        ..QueryJob::default()
    };
    let result = world.warehouse().query(job).await.unwrap();
    assert_eq!(json!(result.rows), json!([{"i": 42, "f": 0.25, "s": "it's!", "b": true, "a": "y", "r": 7}]));
}

/// A script returns the rows of its last statement and the bytes of all statements.
#[tokio::test(flavor = "multi_thread")]
async fn a_script_ends_with_its_last_statement() {
    let world = World::new().await;
    let warehouse = world.warehouse();
    let script = "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS x; SELECT 1 AS one; SELECT x + 1 AS yes FROM s.t; -- end";
    let result = run(&warehouse, script).await.unwrap();
    assert_eq!((result.statement_kind.as_str(), json!(result.rows)), ("SELECT", json!([{"yes": 2}])));
    let changed = run(&warehouse, "SELECT 1; UPDATE s.t SET x = 5 WHERE TRUE").await.unwrap();
    assert_eq!((changed.statement_kind.as_str(), changed.dml.unwrap().updated), ("UPDATE", 1));
    assert!(changed.rows.is_empty() && changed.schema.is_empty());
}
