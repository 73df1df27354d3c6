//! `jdbc.duckdb.Query`: runs statements and returns the rows of the last query.

use crate::files::FileOutputs;
use crate::script::{RAW, Script, Wanted};
use schemars::JsonSchema;
use segue_jdbc::Fetched;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Runs SQL with DuckDB, on files and on databases in files. The rows of the last query are fetched.
///
/// ```yaml
/// id: long_trips
/// type: io.kestra.plugin.jdbc.duckdb.Query
/// inputFiles:
///   trips.csv: "{{ outputs.download.uri }}"
/// sql: SELECT vendor, count(*) AS trips FROM 'trips.csv' WHERE distance > :miles GROUP BY vendor
/// parameters:
///   miles: 30
/// fetchType: STORE
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Query {
    /// The statements, the files and the rows.
    #[serde(flatten)]
    pub script: Script,
}

/// The outputs of `jdbc.duckdb.Query`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The rows.
    #[serde(flatten)]
    pub rows: Fetched,
    /// The files.
    #[serde(flatten)]
    pub files: FileOutputs,
}

impl Task for Query {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.duckdb.Query";
    const RAW: &'static [&'static str] = RAW;
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let (mut fetched, files) = self.script.run(context, Wanted::Last, true).await?;
        Ok(Output { rows: fetched.pop().unwrap_or_default(), files })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use segue_model::Json;
    use segue_task::ion;
    use serde_json::json;

    #[tokio::test]
    async fn rows_are_returned_as_asked() {
        let platform = Platform::new();
        let sql = "SELECT range AS id, 'n' || range AS name FROM range(1, 4) WHERE id >= :least ORDER BY id;";
        let with = |extra: Json| {
            let mut properties = json!({"sql": sql, "parameters": {"least": "{{ 1 + 1 }}"}});
            properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            platform.query(properties)
        };
        let rows = json!([{"id": 2, "name": "n2"}, {"id": 3, "name": "n3"}]);
        let outputs = with(json!({"fetchType": "FETCH"})).await.outputs();
        assert_eq!(Json::Object(outputs), json!({"rows": rows, "size": 2}));
        assert_eq!(with(json!({"fetch": true, "fetchType": "STORE"})).await.outputs()["rows"], rows);
        let outputs = with(json!({"fetchOne": "true"})).await.outputs();
        assert_eq!(Json::Object(outputs), json!({"row": {"id": 2, "name": "n2"}, "size": 1}));
        assert_eq!(Json::Object(with(json!({})).await.outputs()), json!({}));
        let run = with(json!({"store": true})).await;
        assert!(run.result.metrics.iter().any(|metric| metric.name == "fetch.size" && metric.value == 2.0));
        let outputs = run.outputs();
        assert_eq!(json!(ion::parse_all(&platform.text(&outputs["uri"]).await).unwrap()), rows);
        assert_eq!(outputs["size"], 2);
        let none = |kind| platform.query(json!({"sql": "SELECT 1 WHERE false", "fetchType": kind}));
        assert_eq!(Json::Object(none("FETCH_ONE").await.outputs()), json!({"size": 0}));
        assert_eq!(platform.text(&none("STORE").await.outputs()["uri"]).await, "");
    }

    #[tokio::test]
    async fn the_rows_of_the_last_query_count() {
        let platform = Platform::new();
        let sql = "CREATE TABLE t (id INTEGER); SELECT 0 AS id; INSERT INTO t VALUES (1), (2) RETURNING id; DELETE FROM t;
            SET VARIABLE n = 1; PRAGMA threads=2";
        let outputs = platform
            .query(
                json!({"sql": sql, "fetchType": "FETCH", "afterSQL": "SELECT 7; INSERT INTO t VALUES (3)"}),
            )
            .await
            .outputs();
        assert_eq!(Json::Object(outputs), json!({"rows": [{"id": 1}, {"id": 2}], "size": 2}));
        let changes =
            platform.query(json!({"sql": "CREATE TABLE t AS SELECT 1", "fetchType": "FETCH"})).await;
        assert_eq!(Json::Object(changes.outputs()), json!({}));
        // All rows are inserted, although one is enough.
        let sql = "CREATE TABLE t (id INTEGER); INSERT INTO t FROM range(100000) RETURNING id";
        let one = json!({"sql": sql, "fetchType": "FETCH_ONE", "outputDbFile": true});
        let database = platform.query(one).await.outputs()["databaseUri"].clone();
        let count =
            json!({"databaseUri": database, "sql": "SELECT count(*) AS n FROM t", "fetchType": "FETCH_ONE"});
        assert_eq!(platform.query(count).await.outputs()["row"], json!({"n": 100_000}));
        assert_eq!(
            platform.row("SELECT 1 AS twice, 2 AS twice").await,
            *json!({"twice": 2}).as_object().unwrap()
        );
        assert_eq!(platform.row("PIVOT (SELECT 'a' AS k, 1 AS v) ON k USING sum(v)").await["a"], 1);
    }

    #[tokio::test]
    async fn errors_say_where_and_what_to_do() {
        let platform = Platform::new();
        for (sql, expected) in [
            (
                "SELECT 1;\n\nSELECT *\nFROM missing",
                "statement 2, line 4 of sql: Catalog Error: Table with name missing does not exist!",
            ),
            ("SELEC 1", "statement 1, line 1 of sql: Parser Error: syntax error at or near \"SELEC\""),
            (
                "SELECT 'x'::INTEGER",
                "statement 1, line 1 of sql: Conversion Error: Could not convert string 'x' to INT32",
            ),
            ("SELECT :a", "line 1 of sql has :a, and parameters has no 'a'; add it"),
            (" -- nothing", "sql has no statement; write one"),
            (
                "SELECT 1; CALL enable_logging(storage = 'stdout')",
                "statement 2, line 1 of sql: enable_logging would write to the log of the service",
            ),
        ] {
            let error = platform.query(json!({"sql": sql, "parameters": {"b": 1}})).await.error();
            assert!(error.starts_with(expected), "{error}");
        }
        let after = json!({"sql": "SELECT 1", "afterSQL": "\nFROM nowhere"});
        let error = platform.query(after).await.error();
        assert!(error.starts_with("statement 1, line 2 of afterSQL: Catalog Error"), "{error}");
        // The failure comes after some rows were stored.
        let late =
            "SELECT CASE WHEN range = 999999 THEN error('too far') ELSE 'row' END AS v FROM range(1000000)";
        let error = platform.query(json!({"sql": late, "fetchType": "STORE"})).await.error();
        assert!(error.contains("too far"), "{error}");
        let many = json!({"sql": "SELECT repeat('x', 1000) AS v FROM range(10000)", "fetchType": "FETCH"});
        let error = platform.query(many).await.error();
        assert!(error.contains("set fetchType: STORE"), "{error}");
        let zone = platform.query(json!({"sql": "SELECT 1", "timeZoneId": "Mars/Olympus"})).await.error();
        assert!(zone.starts_with("timeZoneId is 'Mars/Olympus'"), "{zone}");
    }

    #[tokio::test]
    async fn extensions_and_settings() {
        let platform = Platform::new();
        let sql = "INSTALL json; LOAD json; install 'parquet'; LOAD icu; INSTALL httpfs; LOAD httpfs; SET threads = 4;
            PRAGMA memory_limit='1TB'; SET TimeZone = 'Asia/Tokyo'; USE memory.main;
            SELECT current_setting('TimeZone') AS zone, '{\"a\": 1}'->>'a' AS a";
        let run = platform.query(json!({"sql": sql, "fetchType": "FETCH_ONE"})).await;
        assert!(
            run.log_text().contains("WARN memory_limit has no effect: the service sets it"),
            "{}",
            run.log_text()
        );
        assert_eq!(run.outputs()["row"], json!({"zone": "Asia/Tokyo", "a": "1"}));
        let error = platform.refused("SELECT 1;\nLOAD spatial").await;
        let expected = "statement 2, line 2 of sql: the extension 'spatial' may not be loaded";
        assert!(error.starts_with(expected), "{error}");
        let error = platform.refused("INSTALL json_x FROM community").await;
        assert!(error.contains("the extension 'json_x' may not be loaded"), "{error}");
    }
}
