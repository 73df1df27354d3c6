//! Tests of scripts. Many of them are the examples of Google's documentation of the procedural language.

use crate::warehouse::DuckDbWarehouse;
use segue_ports::warehouse::{CreateDataset, QueryJob, QueryResult, Warehouse as _, WarehouseError};
use serde_json::{Value, json};

struct World {
    warehouse: DuckDbWarehouse,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("warehouse.duckdb");
        let warehouse = DuckDbWarehouse::open(&file, &folder.path().join("objects"));
        let dataset = CreateDataset { name: "d".into(), ..CreateDataset::default() };
        warehouse.create_dataset(dataset).await.unwrap();
        Self { warehouse, _folder: folder }
    }

    async fn run(&self, sql: &str) -> Result<QueryResult, WarehouseError> {
        self.warehouse.query(QueryJob { sql: sql.into(), ..QueryJob::default() }).await
    }

    /// The rows of the last statement, each as a list of its values.
    async fn rows(&self, sql: &str) -> Value {
        let result = self.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows = result.rows.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect());
        Value::Array(rows.collect())
    }

    async fn error(&self, sql: &str) -> String {
        match self.run(sql).await {
            Ok(result) => panic!("{sql}: no error, but {:?}", result.rows),
            Err(error) => error.to_string(),
        }
    }
}

#[tokio::test]
async fn scripts_have_bigquerys_results() {
    let world = World::new().await;
    for (sql, expected) in [
        ("DECLARE x INT64; SELECT x", json!([[null]])),
        ("DECLARE x, y, z INT64 DEFAULT 2; SELECT x + Y * z", json!([[6]])),
        ("DECLARE d DEFAULT DATE '2024-02-29'; SELECT d, TYPEOF(d)", json!([["2024-02-29", "DATE"]])),
        ("DECLARE x NUMERIC DEFAULT 1; SET x = x + 0.5; SELECT x, TYPEOF(x)", json!([[1.5, "NUMERIC"]])),
        ("DECLARE x INT64; SET x = 5; SELECT x", json!([[5]])),
        (
            "DECLARE a, c INT64; DECLARE b STRING; SET (a, b, c) = (1 + 3, 'foo', 0); SELECT a, b, c",
            json!([[4, "foo", 0]]),
        ),
        (
            "DECLARE a INT64 DEFAULT 1; DECLARE b INT64 DEFAULT 2; SET (a, b) = (b, a); SELECT a, b",
            json!([[2, 1]]),
        ),
        (
            "DECLARE target_word STRING DEFAULT 'methinks'; DECLARE corpus_count, word_count INT64; \
             SET (corpus_count, word_count) = (SELECT AS STRUCT COUNT(DISTINCT c), SUM(n) FROM \
             UNNEST([STRUCT('a' AS c, 3 AS n, 'methinks' AS w), ('b', 4, 'methinks'), ('b', 9, 'x')]) WHERE w = target_word); \
             SELECT FORMAT('Found %d occurrences of %s across %d works', word_count, target_word, corpus_count) AS result",
            json!([["Found 7 occurrences of methinks across 2 works"]]),
        ),
        (
            "DECLARE days ARRAY<DATE>; SET (days) = (SELECT AS STRUCT ARRAY_AGG(DISTINCT DATE(d) IGNORE NULLS) FROM UNNEST([DATE '2024-01-01', NULL]) d); \
             SELECT days, DATE '2024-01-01' IN UNNEST(days)",
            json!([[["2024-01-01"], true]]),
        ),
        ("DECLARE s STRUCT<a INT64, b STRING> DEFAULT (1, 'x'); SELECT s.b, s.a + 1", json!([["x", 2]])),
        (
            "DECLARE heads BOOL; DECLARE heads_count INT64 DEFAULT 0; LOOP SET heads = heads_count < 3; \
             IF heads THEN SET heads_count = heads_count + 1; ELSE BREAK; END IF; END LOOP; SELECT heads_count",
            json!([[3]]),
        ),
        ("DECLARE x INT64 DEFAULT 0; REPEAT SET x = x + 1; UNTIL x >= 3 END REPEAT; SELECT x", json!([[3]])),
        ("DECLARE x INT64 DEFAULT 0; WHILE x < 10 DO SET x = x + 4; END WHILE; SELECT x", json!([[12]])),
        (
            "DECLARE total INT64 DEFAULT 0; FOR r IN (SELECT x, x * x AS y FROM UNNEST([1, 2, 3]) x ORDER BY x) DO \
             IF r.x = 2 THEN CONTINUE; END IF; SET total = total + r.y; END FOR; SELECT total",
            json!([[10]]),
        ),
        (
            "DECLARE i, j, n INT64 DEFAULT 0; outer_loop: LOOP SET i = i + 1; SET j = 0; WHILE TRUE DO SET j = j + 1; \
             SET n = n + 1; IF j = 2 AND i < 3 THEN ITERATE outer_loop; END IF; IF i = 3 THEN LEAVE outer_loop; END IF; \
             END WHILE; END LOOP outer_loop; SELECT i, j, n",
            json!([[3, 1, 5]]),
        ),
        (
            "DECLARE x INT64 DEFAULT 0; label_1: BEGIN SET x = 1; LEAVE label_1; SET x = 2; END label_1; SELECT x",
            json!([[1]]),
        ),
        (
            "DECLARE p INT64 DEFAULT 103; CASE WHEN p = 1 THEN SELECT 'one'; WHEN p = 103 THEN SELECT 'found'; \
             ELSE SELECT 'no'; END CASE",
            json!([["found"]]),
        ),
        (
            "DECLARE p INT64 DEFAULT 1; CASE p WHEN 1 THEN SELECT 'a'; WHEN 2 THEN SELECT 'b'; ELSE SELECT 'c'; END CASE",
            json!([["a"]]),
        ),
        (
            "DECLARE y INT64 DEFAULT 0; IF y > 0 THEN SELECT 1; ELSEIF y = 0 THEN SELECT 2; ELSE SELECT 3; END IF",
            json!([[2]]),
        ),
        ("SELECT 1; RETURN; SELECT 2", json!([[1]])),
        ("BEGIN DECLARE y INT64 DEFAULT 1; SELECT y; END", json!([[1]])),
        (
            "BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT @@error.message, @@error.stack_trace[OFFSET(0)].line; END",
            json!([["Query error: division by zero: 1 / 0 at [1:7]", 1]]),
        ),
        (
            "BEGIN RAISE USING MESSAGE = 'Test error.'; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
            json!([["Test error."]]),
        ),
        (
            "BEGIN BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN RAISE USING MESSAGE = 'inner'; END; \
             EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
            json!([["inner"]]),
        ),
        ("ASSERT 1 = 1 AS 'no'; SELECT 'passed'", json!([["passed"]])),
        ("EXECUTE IMMEDIATE 'SELECT ? + @@row_count' USING 1", json!([[null]])),
        ("EXECUTE IMMEDIATE 'SELECT @a * @b' USING 3 AS a, 4 AS b", json!([[12]])),
        (
            "DECLARE y INT64; EXECUTE IMMEDIATE CONCAT('SELECT ', '?', ' * (? + 2)') INTO y USING 1, 3; SELECT y",
            json!([[5]]),
        ),
        (
            "DECLARE n INT64 DEFAULT 2; EXECUTE IMMEDIATE 'SELECT x FROM UNNEST([1, 2, 3]) x ORDER BY x LIMIT ?' USING n",
            json!([[1], [2]]),
        ),
        (
            "DECLARE a, b INT64; EXECUTE IMMEDIATE 'SELECT 1, 2 LIMIT 0' INTO a, b; SELECT a, b",
            json!([[null, null]]),
        ),
        (
            "CREATE TEMP TABLE t (x INT64); INSERT INTO t VALUES (1), (2); SELECT COUNT(*), @@row_count FROM _SESSION.t",
            json!([[2, 2]]),
        ),
        (
            "CREATE TEMPORARY TABLE t AS SELECT 1 AS x; CREATE OR REPLACE TEMP TABLE t AS SELECT x + 1 AS x FROM t; SELECT x FROM t",
            json!([[2]]),
        ),
        (
            "CREATE TEMP FUNCTION add_four(x INT64, y FLOAT64) RETURNS FLOAT64 AS (x + 4 / y); SELECT Add_Four(1, 2)",
            json!([[3.0]]),
        ),
        (
            "CREATE TEMP FUNCTION last_of(a ANY TYPE) AS (a[ORDINAL(ARRAY_LENGTH(a))]); SELECT last_of([1, 2]), last_of(['x'])",
            json!([[2, "x"]]),
        ),
        ("SET @@dataset_id = 'd'; CREATE TABLE u AS SELECT 7 AS x; SELECT x FROM u", json!([[7]])),
        ("SELECT @@project_id, @@time_zone", json!([["local", "UTC"]])),
        (
            "DECLARE v ARRAY<STRUCT<b BYTES, t TIMESTAMP, j JSON, f FLOAT64, i INTERVAL, n NUMERIC, m TIME, dt DATETIME>> DEFAULT \
             [STRUCT(b'\\x00a', TIMESTAMP '2024-01-31 10:00:00.123456+00', JSON '{\"a\":[1]}', CAST('nan' AS FLOAT64), \
             MAKE_INTERVAL(1, 2, 3), NUMERIC '12345678901234567890.123456789', TIME '10:00:00.5', DATETIME '2024-01-31 01:02:03')]; \
             SELECT v[OFFSET(0)]",
            json!([[{
                "b": "AGE=", "t": "2024-01-31T10:00:00.123456Z", "j": "{\"a\":[1]}", "f": "NaN", "i": "1-2 3 0:0:0",
                "n": "12345678901234567890.123456789", "m": "10:00:00.500", "dt": "2024-01-31T01:02:03Z",
            }]]),
        ),
    ] {
        assert_eq!(world.rows(sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn wrong_scripts_are_refused_at_their_place() {
    let world = World::new().await;
    for (sql, expected) in [
        (
            "SELECT 1; DECLARE x INT64",
            "Variable declarations are allowed only at the start of a block or script at [1:11]",
        ),
        ("DECLARE x INT64; BEGIN DECLARE X STRING; END", "Variable 'X' redeclared at [1:32]"),
        ("SET x = 1", "Undeclared variable: x at [1:5]"),
        ("DECLARE x INT64; SET x = 'a'", "Expected type INT64 but got STRING at [1:26]"),
        ("BEGIN DECLARE x INT64; END; SELECT x", "Unrecognized name: x at [1:36]"),
        ("SET @@row_count = 1", "@@row_count cannot be changed"),
        ("BREAK", "BREAK and CONTINUE are allowed only in a loop"),
        ("IF TRUE THEN SELECT 1", "Expected END IF but got end of script"),
        ("WHILE TRUE DO SELECT 1; END LOOP", "Expected WHILE but got identifier \"LOOP\" at [1:29]"),
        ("a: LOOP BREAK; END LOOP b", "The label b does not begin this block"),
        ("RAISE", "RAISE without a message is allowed only in an exception handler"),
        ("RAISE USING MESSAGE = CONCAT('a', 'b')", "Invalid query: ab at [1:1]"),
        ("ASSERT 1 > 2 AS 'one is small'", "Assertion failed: one is small"),
        ("ASSERT NULL", "Assertion failed: ASSERT NULL"),
        ("EXECUTE IMMEDIATE 'SELECT x y z'", "(in EXECUTE IMMEDIATE, at [1:12]) at [1:1]"),
        ("EXECUTE IMMEDIATE 'SET x = 1'", "EXECUTE IMMEDIATE runs no control statements"),
        (
            "DECLARE a INT64; EXECUTE IMMEDIATE 'SELECT 1 UNION ALL SELECT 2' INTO a",
            "expects at most one row",
        ),
        ("CALL d.nothing()", "Procedure is not found: d.nothing at [1:1]"),
        ("COMMIT TRANSACTION", "There is no transaction in progress"),
        ("BEGIN TRANSACTION; BEGIN TRANSACTION", "Transaction is already in progress"),
        (
            "BEGIN TRANSACTION; CREATE TABLE d.x (a INT64)",
            "CREATE TABLE is not supported inside a transaction",
        ),
        ("CREATE TEMP TABLE d.t (x INT64)", "must not have a dataset"),
        ("CREATE TEMP FUNCTION f(x INT64) AS (y)", "Unrecognized name: y"),
        ("CREATE TEMP FUNCTION f(x INT64) RETURNS DATE AS (x); SELECT 1", "Expected type DATE but got INT64"),
        (
            "CREATE TEMP FUNCTION f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'",
            "LANGUAGE JS is not supported",
        ),
        ("DECLARE x INT64 DEFAULT 1; CREATE VIEW d.w AS SELECT x AS y", "Unrecognized name: x"),
        ("SELECT @@nothing", "The system variable @@nothing is not supported"),
        ("BEGIN SELECT 1; SELECT 1 +; END", "at [1:26]"),
    ] {
        let error = world.error(sql).await;
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

#[tokio::test]
async fn functions_and_procedures_are_stored() {
    let world = World::new().await;
    world.run("CREATE FUNCTION d.twice(x INT64) AS (x * 2); CREATE TABLE FUNCTION d.upto(n INT64) AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, n)) x").await.unwrap();
    assert_eq!(
        world.rows("SELECT d.twice(x), local.d.Twice(x + 1) FROM d.upto(2) ORDER BY 1").await,
        json!([[2, 4], [4, 6]])
    );
    assert!(
        world
            .error("CREATE FUNCTION d.twice(x INT64) AS (x)")
            .await
            .contains("Already Exists: Routine d.twice")
    );
    world.run("CREATE OR REPLACE FUNCTION d.twice(x INT64) RETURNS FLOAT64 AS (x * 3)").await.unwrap();
    assert_eq!(world.rows("SELECT d.twice(1), TYPEOF(d.twice(1))").await, json!([[3.0, "FLOAT64"]]));
    assert!(
        world.error("SELECT d.twice('a')").await.contains("Expected type INT64 but got STRING at [1:16]")
    );
    world
        .run("DROP FUNCTION d.twice; DROP TABLE FUNCTION IF EXISTS d.upto; DROP FUNCTION IF EXISTS d.twice")
        .await
        .unwrap();
    assert!(world.error("SELECT d.twice(1)").await.contains("Function not found: D.TWICE"));

    world
        .run(
            "CREATE PROCEDURE d.add_up(IN upto INT64, OUT total INT64, INOUT calls INT64)\nBEGIN\n  DECLARE i INT64 DEFAULT 0;\n  SET total = 0;\n  WHILE i < upto DO SET i = i + 1; SET total = total + i; END WHILE;\n  SET calls = calls + 1;\nEND",
        )
        .await
        .unwrap();
    let sql = "DECLARE t INT64; DECLARE c INT64 DEFAULT 0; CALL d.add_up(3, t, c); CALL d.add_up(4, t, c); SELECT t, c";
    assert_eq!(world.rows(sql).await, json!([[10, 2]]));
    world
        .run("CREATE PROCEDURE d.safe(OUT why STRING) BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET why = 'caught'; END")
        .await
        .unwrap();
    assert_eq!(world.rows("DECLARE w STRING; CALL d.safe(w); SELECT w").await, json!([["caught"]]));
    world.run("CREATE PROCEDURE d.wrong()\nBEGIN\n  SELECT nothing;\nEND").await.unwrap();
    let error = world.error("SELECT 1; CALL d.wrong()").await;
    assert!(error.contains("Unrecognized name: nothing (in d.wrong, at [1:8]) at [1:11]"), "{error}");
    world.run("CREATE PROCEDURE d.again() BEGIN CALL d.again(); END").await.unwrap();
    assert!(world.error("CALL d.again()").await.contains("More than 50 procedures call each other"));
    assert!(world.error("DROP PROCEDURE d.none").await.contains("Not found: Routine d.none"));
}

#[tokio::test]
async fn transactions_take_effect_together_or_not_at_all() {
    let world = World::new().await;
    world.run("CREATE TABLE d.t (x INT64)").await.unwrap();
    let count = "SELECT COUNT(*) FROM d.t";
    world
        .run("BEGIN TRANSACTION; INSERT INTO d.t VALUES (1); INSERT INTO d.t VALUES (2); COMMIT TRANSACTION")
        .await
        .unwrap();
    assert_eq!(world.rows(count).await, json!([[2]]));
    assert_eq!(
        world.rows("BEGIN; INSERT INTO d.t VALUES (3); ROLLBACK; SELECT COUNT(*) FROM d.t").await,
        json!([[2]])
    );
    world.error("BEGIN TRANSACTION; INSERT INTO d.t VALUES (3); SELECT 1 / 0; COMMIT TRANSACTION").await;
    assert_eq!(world.rows(count).await, json!([[2]]), "a failure rolls back");
    let handled = "BEGIN BEGIN TRANSACTION; INSERT INTO d.t VALUES (3); SELECT 1 / 0; COMMIT TRANSACTION; \
                   EXCEPTION WHEN ERROR THEN ROLLBACK TRANSACTION; SELECT 'rolled back'; END";
    assert_eq!(world.rows(handled).await, json!([["rolled back"]]));
    world.run("BEGIN TRANSACTION; INSERT INTO d.t VALUES (3)").await.unwrap();
    assert_eq!(world.rows(count).await, json!([[2]]), "an open transaction is rolled back at the end");
    // A NUMERIC that needs more digits widens its column in a transaction too.
    world.run("CREATE TABLE d.n (v NUMERIC); INSERT INTO d.n VALUES (1)").await.unwrap();
    world.run("BEGIN; INSERT INTO d.n VALUES (NUMERIC '12345678901234567890.5'); COMMIT").await.unwrap();
    assert_eq!(world.rows("SELECT MAX(v) FROM d.n").await, json!([["12345678901234567890.5"]]));
}

/// Temporary tables are visible only in their script, and leave nothing behind.
#[tokio::test]
async fn temporary_tables_end_with_their_script() {
    let world = World::new().await;
    world.run("CREATE TEMP TABLE t AS SELECT 1 AS x; INSERT INTO t SELECT 2; DROP TABLE t; CREATE TEMP TABLE t (y STRING)").await.unwrap();
    assert!(world.error("SELECT * FROM t").await.contains("must be qualified with a dataset"));
    assert!(
        world.error("CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT 1 / 0").await.contains("division by zero")
    );
    assert_eq!(world.warehouse.list_datasets().await.unwrap(), ["d"]);
    let left = "SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA";
    assert_eq!(world.rows(left).await, json!([["d"]]));
}

/// A script that is delivered again after a crash goes on where it was, on the same way.
#[tokio::test]
async fn a_script_takes_effect_once() {
    let world = World::new().await;
    world.run("CREATE TABLE d.t (x INT64); CREATE TABLE d.stop (x INT64)").await.unwrap();
    let sql = "DECLARE n INT64; SET n = (SELECT COUNT(*) FROM d.t); CREATE TEMP TABLE seen AS SELECT n AS was; \
               FOR r IN (SELECT x FROM UNNEST([1, 2]) x ORDER BY x) DO INSERT INTO d.t VALUES (r.x); END FOR; \
               INSERT INTO d.later SELECT was FROM seen; SELECT was, n FROM seen";
    let job = QueryJob { job_id: "job".into(), sql: sql.into(), ..QueryJob::default() };
    assert!(
        world.warehouse.query(job.clone()).await.unwrap_err().to_string().contains("d.later was not found")
    );
    world.run("CREATE TABLE d.later (x INT64)").await.unwrap();
    let result = world.warehouse.query(job.clone()).await.unwrap();
    assert_eq!(json!(result.rows), json!([{"was": 0, "n": 0}]));
    assert_eq!(world.rows("SELECT COUNT(*) FROM d.t").await, json!([[2]]), "no row is inserted twice");
    let again = world.warehouse.query(job).await.unwrap();
    assert_eq!((again.from_record, again.rows), (true, result.rows));
}

#[tokio::test]
async fn the_result_describes_the_statements() {
    let world = World::new().await;
    let sql = "DECLARE n INT64 DEFAULT (SELECT 2);\nCREATE TEMP TABLE t AS SELECT 1 AS x;\nINSERT INTO t VALUES (n);\nSELECT x FROM t ORDER BY x";
    let result = world.run(sql).await.unwrap();
    let found: Vec<(&str, bool, &str, Option<u64>)> = result
        .statements
        .iter()
        .map(|own| {
            (
                own.sql.as_str(),
                own.is_expression,
                own.result.statement_kind.as_str(),
                own.result.affected_rows,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("DECLARE n INT64 DEFAULT (SELECT 2)", true, "SELECT", None),
            ("CREATE TEMP TABLE t AS SELECT 1 AS x", false, "CREATE_TABLE_AS_SELECT", Some(1)),
            ("INSERT INTO t VALUES (n)", false, "INSERT", Some(1)),
            ("SELECT x FROM t ORDER BY x", false, "SELECT", None),
        ]
    );
    assert_eq!(world.run("SELECT 1").await.unwrap().statements, []);
    let dry = QueryJob { sql: sql.into(), dry_run: true, ..QueryJob::default() };
    assert_eq!(world.warehouse.query(dry).await.unwrap().statement_kind, "SCRIPT");
}
