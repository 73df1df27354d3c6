//! Makes the table of statements in `docs/warehouse.md`: runs every statement of a row, so the table says what the
//! warehouse does.
//!
//! To add a row, add it to [`ROWS`].

#![expect(clippy::disallowed_methods, reason = "a test has its settings in the environment")]

use super::DuckDbWarehouse;
use segue_ports::warehouse::{QueryJob, Warehouse as _};
use std::path::Path;

/// A row of the table: what it is about, and statements that show it.
struct Row {
    about: &'static str,
    has: bool,
    shown: &'static [&'static str],
}

const fn yes(about: &'static str, shown: &'static [&'static str]) -> Row {
    Row { about, has: true, shown }
}

const fn refused(about: &'static str, shown: &'static [&'static str]) -> Row {
    Row { about, has: false, shown }
}

const ROWS: &[Row] = &[
    yes(
        "`SELECT` with joins, `WITH`, `WITH RECURSIVE`, `GROUP BY` with `ROLLUP`, `CUBE`, `GROUPING SETS` and `ALL`, `HAVING`, `QUALIFY`, `WINDOW`, `PIVOT`, `UNPIVOT`, `UNNEST`, `TABLESAMPLE`, subqueries",
        &[
            "SELECT a.id FROM d.t a JOIN d.t b USING (id) LEFT JOIN d.t c ON a.id = c.id CROSS JOIN d.t e",
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r",
            "SELECT id, day, COUNT(*) AS c FROM d.t GROUP BY ROLLUP (id, day) HAVING COUNT(*) > 0",
            "SELECT id, day, COUNT(*) AS c FROM d.t GROUP BY CUBE (id, day)",
            "SELECT id, COUNT(*) AS c FROM d.t GROUP BY GROUPING SETS (id, ())",
            "SELECT id, COUNT(*) AS c FROM d.t GROUP BY ALL",
            "SELECT id, ROW_NUMBER() OVER w AS n FROM d.t QUALIFY n = 1 WINDOW w AS (ORDER BY id)",
            "SELECT * FROM (SELECT 'a' AS k, 1 AS v) PIVOT (SUM(v) FOR k IN ('a', 'b'))",
            "SELECT * FROM (SELECT 1 AS a, 2 AS b) UNPIVOT (v FOR k IN (a, b))",
            "SELECT x, o FROM UNNEST([1, 2]) AS x WITH OFFSET AS o WHERE x IN (SELECT id FROM d.t)",
            "SELECT * FROM d.t TABLESAMPLE SYSTEM (50 PERCENT)",
        ],
    ),
    yes(
        "`UNION`, `INTERSECT`, `EXCEPT`, by position, `BY NAME` and `CORRESPONDING`",
        &[
            "SELECT 1 AS a UNION ALL SELECT 2",
            "SELECT 1 AS a INTERSECT DISTINCT SELECT 1",
            "SELECT 1 AS a EXCEPT DISTINCT SELECT 2",
            "SELECT 1 AS a, 2 AS b UNION ALL BY NAME SELECT 3 AS b, 4 AS a",
            "SELECT 1 AS a FULL UNION ALL CORRESPONDING SELECT 2 AS b",
        ],
    ),
    yes(
        "Pipe syntax: `SELECT`, `EXTEND`, `SET`, `DROP`, `RENAME`, `AS`, `WHERE`, `LIMIT`, `ORDER BY`, `DISTINCT`, `AGGREGATE`, joins, set operations, `PIVOT`, `UNPIVOT`, `TABLESAMPLE`, `WITH`",
        &[
            "FROM d.t |> WHERE id > 0 |> EXTEND id + 1 AS next |> SET next = next * 2 |> DROP day |> RENAME next AS n |> AS x |> SELECT x.n |> DISTINCT |> ORDER BY n |> LIMIT 1",
            "FROM d.t |> AGGREGATE COUNT(*) AS c GROUP BY id |> JOIN d.t USING (id) |> SELECT id |> UNION ALL (SELECT 9)",
            "FROM (SELECT 'a' AS k, 1 AS v) |> PIVOT (SUM(v) FOR k IN ('a'))",
            "FROM (SELECT 1 AS a, 2 AS b) |> UNPIVOT (v FOR k IN (a, b))",
            "FROM d.t |> TABLESAMPLE SYSTEM (50 PERCENT)",
            "FROM d.t |> WITH a AS (SELECT 1 AS x) |> WHERE id IN (SELECT x FROM a)",
        ],
    ),
    yes(
        "Wildcard tables with `_TABLE_SUFFIX`; `__TABLES__`",
        &["SELECT _TABLE_SUFFIX AS suffix, id FROM `d.t*`", "SELECT table_id FROM d.__TABLES__"],
    ),
    yes(
        "`INFORMATION_SCHEMA`: `TABLES`, `COLUMNS`, `COLUMN_FIELD_PATHS`, `TABLE_OPTIONS`, `TABLE_STORAGE`, `PARTITIONS`, `VIEWS`, `ROUTINES`, `SCHEMATA`, `SCHEMATA_OPTIONS`, with the columns that the local warehouse knows",
        &[
            "SELECT * FROM d.INFORMATION_SCHEMA.TABLES",
            "SELECT * FROM d.INFORMATION_SCHEMA.COLUMNS",
            "SELECT * FROM d.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS",
            "SELECT * FROM d.INFORMATION_SCHEMA.TABLE_OPTIONS",
            "SELECT table_name FROM d.INFORMATION_SCHEMA.TABLE_STORAGE",
            "SELECT * FROM d.INFORMATION_SCHEMA.PARTITIONS",
            "SELECT * FROM d.INFORMATION_SCHEMA.VIEWS",
            "SELECT * FROM d.INFORMATION_SCHEMA.ROUTINES",
            "SELECT * FROM INFORMATION_SCHEMA.SCHEMATA",
            "SELECT * FROM INFORMATION_SCHEMA.SCHEMATA_OPTIONS",
        ],
    ),
    refused(
        "Views over `INFORMATION_SCHEMA`",
        &["CREATE VIEW d.info AS SELECT table_name FROM d.INFORMATION_SCHEMA.TABLES"],
    ),
    yes(
        "`INSERT`, `UPDATE`, `DELETE`, `MERGE`, `TRUNCATE TABLE`",
        &[
            "INSERT INTO d.t (id) VALUES (5)",
            "UPDATE d.t SET id = 6 WHERE id = 5",
            "DELETE FROM d.t WHERE id = 6",
            "MERGE d.t T USING (SELECT 1 AS id) S ON T.id = S.id WHEN MATCHED THEN UPDATE SET day = NULL WHEN NOT MATCHED THEN INSERT (id) VALUES (id) WHEN NOT MATCHED BY SOURCE THEN DELETE",
            "TRUNCATE TABLE d.t",
        ],
    ),
    yes(
        "`CREATE`, `DROP` and `ALTER` of tables, external tables, views and datasets",
        &[
            "CREATE TABLE d.u (id INT64 NOT NULL DEFAULT 1) PARTITION BY RANGE_BUCKET(id, GENERATE_ARRAY(0, 10, 5)) CLUSTER BY id",
            "CREATE TABLE d.like_u LIKE d.u",
            "CREATE TABLE d.copy_u COPY d.u",
            "ALTER TABLE d.u ADD COLUMN name STRING, ALTER COLUMN id DROP NOT NULL",
            "ALTER TABLE d.u RENAME TO u2",
            "DROP TABLE d.u2",
            "CREATE EXTERNAL TABLE d.e (x INT64) OPTIONS (format = 'CSV', uris = ['gs://bkt/in.csv'])",
            "DROP EXTERNAL TABLE d.e",
            "CREATE OR REPLACE VIEW d.v AS SELECT id FROM d.t",
            "DROP VIEW d.v",
            "CREATE SCHEMA other",
            "DROP SCHEMA other",
        ],
    ),
    yes(
        "Several statements in one script; named and positional parameters with types",
        &["SELECT 1; SELECT 2"],
    ),
    yes(
        "`DECLARE`, `SET`, `IF`, `CASE`, `LOOP`, `WHILE`, `REPEAT`, `FOR … IN`, `BREAK`, `CONTINUE`, labels, `RETURN`",
        &[
            "DECLARE n INT64 DEFAULT 0; SET n = 1; IF n > 0 THEN SELECT 1; ELSE SELECT 2; END IF; CASE n WHEN 1 THEN SELECT 1; END CASE",
            "DECLARE n INT64 DEFAULT 0; outer_loop: LOOP SET n = n + 1; IF n = 1 THEN CONTINUE; END IF; BREAK outer_loop; END LOOP; WHILE n < 5 DO SET n = n + 1; END WHILE; REPEAT SET n = n + 1; UNTIL n > 7 END REPEAT; FOR r IN (SELECT 1 AS x) DO SELECT r.x; END FOR; RETURN",
        ],
    ),
    yes(
        "`BEGIN … EXCEPTION`, `RAISE`, `ASSERT`, `EXECUTE IMMEDIATE`, `CALL`, system variables such as `@@row_count`",
        &[
            "BEGIN RAISE USING MESSAGE = 'x'; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
            "ASSERT 1 = 1 AS 'right'; EXECUTE IMMEDIATE 'SELECT ?' USING 1; SELECT @@row_count",
            "CREATE PROCEDURE d.p(OUT x INT64) BEGIN SET x = 1; END",
            "BEGIN DECLARE y INT64; CALL d.p(y); SELECT y; END",
        ],
    ),
    yes(
        "`BEGIN TRANSACTION`, `COMMIT TRANSACTION`, `ROLLBACK TRANSACTION`",
        &[
            "BEGIN TRANSACTION; DELETE FROM d.t WHERE TRUE; ROLLBACK TRANSACTION",
            "BEGIN TRANSACTION; INSERT INTO d.t (id) VALUES (1); COMMIT TRANSACTION",
        ],
    ),
    yes(
        "Temporary tables and functions; `CREATE` and `DROP` of SQL functions, table functions and procedures",
        &[
            "CREATE TEMP TABLE x AS SELECT 1 AS n; SELECT n FROM x",
            "CREATE TEMP FUNCTION one() AS (1); SELECT one()",
            "CREATE FUNCTION d.f(x INT64) RETURNS INT64 AS (x + 1)",
            "SELECT d.f(1)",
            "CREATE TABLE FUNCTION d.tf(x INT64) AS SELECT x AS n",
            "SELECT * FROM d.tf(1)",
            "DROP FUNCTION d.f",
            "DROP TABLE FUNCTION d.tf",
            "DROP PROCEDURE d.p",
        ],
    ),
    refused(
        "Functions and procedures in other languages, aggregate functions, materialized views, snapshots, search and vector indexes, models",
        &[
            "CREATE FUNCTION d.f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'",
            "CREATE AGGREGATE FUNCTION d.f(x INT64) AS (SUM(x))",
            "CREATE MATERIALIZED VIEW d.m AS SELECT 1 AS x",
            "CREATE SNAPSHOT TABLE d.s CLONE d.t",
            "CREATE SEARCH INDEX i ON d.t (id)",
            "CREATE MODEL d.m OPTIONS (model_type = 'linear_reg') AS SELECT 1 AS label",
        ],
    ),
    yes(
        "Tables partitioned by ingestion time, with `_PARTITIONTIME` and `_PARTITIONDATE`, also in `INSERT` and `UPDATE`",
        &[
            "CREATE TABLE d.arrived (id INT64) PARTITION BY _PARTITIONDATE",
            "INSERT INTO d.arrived (_PARTITIONTIME, id) VALUES (TIMESTAMP '2024-01-31', 1)",
            "SELECT _PARTITIONDATE AS day FROM d.arrived",
        ],
    ),
    yes(
        "`EXPORT DATA` as CSV, JSON and Parquet",
        &[
            "EXPORT DATA OPTIONS (uri = 'gs://bkt/out-*.csv', format = 'CSV', header = TRUE) AS SELECT 1 AS id",
        ],
    ),
    yes(
        "`LOAD DATA INTO` and `LOAD DATA OVERWRITE` from CSV, JSON and Parquet",
        &[
            "LOAD DATA INTO d.loaded FROM FILES (format = 'CSV', uris = ['gs://bkt/out-*.csv'])",
            "LOAD DATA OVERWRITE d.loaded (id INT64) FROM FILES (format = 'CSV', skip_leading_rows = 1, uris = ['gs://bkt/out-*.csv'])",
        ],
    ),
    refused(
        "Access and reservations: `GRANT`, `REVOKE`, row access policies, capacity",
        &[
            "GRANT `roles/bigquery.dataViewer` ON SCHEMA d TO 'user:a@example.com'",
            "REVOKE `roles/bigquery.dataViewer` ON SCHEMA d FROM 'user:a@example.com'",
            "CREATE ROW ACCESS POLICY p ON d.t GRANT TO ('user:a@example.com') FILTER USING (TRUE)",
            "CREATE RESERVATION r OPTIONS (slot_capacity = 1)",
        ],
    ),
    refused(
        "`FOR SYSTEM_TIME AS OF`, partition decorators in `FROM`",
        &["SELECT * FROM d.t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", "SELECT * FROM `d.t$20240131`"],
    ),
    yes(
        "`COLLATE 'und:ci'` of columns and `COLLATE()`: comparisons, `IN`, joins, `CASE`, `GROUP BY`, `ORDER BY`, `SELECT DISTINCT`, set operations, `PARTITION BY`, `MIN`, `MAX`, `GREATEST`, `LEAST`, `COUNT(DISTINCT)`",
        &[
            "CREATE TABLE d.c (s STRING COLLATE 'und:ci')",
            "SELECT s, COUNT(*) FROM d.c WHERE s = 'a' GROUP BY s ORDER BY s",
            "SELECT COLLATE('A', 'und:ci') IN ('a')",
        ],
    ),
    refused(
        "`DEFAULT COLLATE`; with a collation: `LIKE`, `STARTS_WITH`, `ENDS_WITH`, `INSTR`, `STRPOS`, `REPLACE`, `SPLIT`, `ROLLUP`, `PIVOT`, and other functions that compare texts",
        &[
            "CREATE TABLE d.e (s STRING) DEFAULT COLLATE 'und:ci'",
            "SELECT COLLATE('A', 'und:ci') LIKE 'a'",
            "SELECT STARTS_WITH(COLLATE('A', 'und:ci'), 'a')",
            "SELECT REPLACE(COLLATE('A', 'und:ci'), 'a', 'b')",
        ],
    ),
    yes(
        "The type `RANGE`, its functions, and `RANGE_SESSIONIZE`",
        &[
            "CREATE TABLE d.r (id INT64, r RANGE<DATE>)",
            "INSERT INTO d.r VALUES (1, RANGE<DATE> '[2020-01-01, UNBOUNDED)')",
            "SELECT id, session_range FROM RANGE_SESSIONIZE(TABLE d.r, 'r', ['id'])",
            "SELECT CAST(NULL AS RANGE<DATE>)",
        ],
    ),
    refused(
        "`RANGE` in `FORMAT`, in JSON and in exported files",
        &[
            "SELECT TO_JSON_STRING(RANGE<DATE> '[2020-01-01, UNBOUNDED)')",
            "SELECT FORMAT('%t', RANGE<DATE> '[2020-01-01, UNBOUNDED)')",
            "EXPORT DATA OPTIONS (uri = 'gs://bkt/ranges-*.csv') AS SELECT RANGE<DATE> '[2020-01-01, UNBOUNDED)' AS r",
        ],
    ),
];

/// The table in `docs/warehouse.md` is the table of the code, and every statement of it does what the table says.
/// `UPDATE=1` writes the table.
#[tokio::test]
async fn every_statement_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects");
    std::fs::create_dir_all(objects.join("bkt")).unwrap();
    std::fs::write(objects.join("bkt/in.csv"), "1\n").unwrap();
    let warehouse = DuckDbWarehouse::open(&folder.path().join("w.duckdb"), &objects);
    let run = async |sql: &str| {
        warehouse
            .query(QueryJob { sql: sql.to_owned(), ..QueryJob::default() })
            .await
            .map_err(|error| error.to_string())
    };
    run("CREATE SCHEMA d; CREATE TABLE d.t (id INT64, day DATE); INSERT INTO d.t VALUES (1, '2024-01-31')")
        .await
        .unwrap();
    let mut lines = vec!["| Statement | |\n|---|---|".to_owned()];
    let mut wrong = Vec::new();
    for Row { about, has, shown } in ROWS {
        for sql in *shown {
            match (run(sql).await, has) {
                (Ok(_), true) => {}
                (Err(error), false) if error.to_lowercase().contains("not supported") => {}
                (outcome, _) => wrong.push(format!("{sql}: {:?}", outcome.map(|result| result.rows.len()))),
            }
        }
        lines.push(format!("| {about} | {} |", if *has { "yes" } else { "refused" }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let table = lines.join("\n");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/warehouse.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- statements -->\n").unwrap();
    let (own, after) = rest.split_once("\n<!-- end of statements -->").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let updated = format!("{before}<!-- statements -->\n{table}\n<!-- end of statements -->{after}");
        std::fs::write(&page, updated).unwrap();
        return;
    }
    assert_eq!(own, table, "run this test with UPDATE=1 to write the table");
}
