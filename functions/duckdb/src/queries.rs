//! `jdbc.duckdb.Queries`: runs several statements and returns the rows of each.

use crate::files::FileOutputs;
use crate::script::{RAW, Script, Wanted};
use schemars::JsonSchema;
use segue_jdbc::Fetched;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Runs several SQL statements with DuckDB, on files and on databases in files.
///
/// ```yaml
/// id: summary
/// type: io.kestra.plugin.jdbc.duckdb.Queries
/// inputFiles:
///   trips.csv: "{{ outputs.download.uri }}"
/// outputFiles:
///   - daily
/// sql: |
///   CREATE TABLE trips AS FROM 'trips.csv';
///   SELECT count(*) AS trips FROM trips;
///   COPY (SELECT day, sum(amount) AS amount FROM trips GROUP BY day) TO '{{ outputFiles.daily }}' (FORMAT csv);
/// fetchType: FETCH
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Queries {
    /// The statements, the files and the rows.
    #[serde(flatten)]
    pub script: Script,
    /// Whether all statements are one transaction, if the file of the database remains after the task. With `false`,
    /// each statement is a transaction of its own, and those before a failure stay done.
    #[serde(default = "yes")]
    pub transaction: bool,
}

fn yes() -> bool {
    true
}

/// The outputs of `jdbc.duckdb.Queries`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The rows of each statement that has rows, in the order of the statements.
    pub outputs: Vec<Fetched>,
    /// The files.
    #[serde(flatten)]
    pub files: FileOutputs,
}

impl Task for Queries {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.duckdb.Queries";
    const RAW: &'static [&'static str] = RAW;
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let (outputs, files) = self.script.run(context, Wanted::Each, self.transaction).await?;
        Ok(Output { outputs, files })
    }
}

#[cfg(test)]
mod tests {
    use super::Queries;
    use crate::testing::Platform;
    use segue_model::Json;
    use segue_ports::wire::WorkingDirectoryRef;
    use segue_task::Task as _;
    use serde_json::json;

    #[tokio::test]
    async fn each_statement_with_rows_has_an_output() {
        let platform = Platform::new();
        let sql = "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (2) RETURNING id; UPDATE t SET id = id + 1;
            SELECT sum(id)::INTEGER AS \"Count\" FROM t; SHOW TABLES;";
        let outputs = platform.queries(json!({"sql": sql, "fetchType": "FETCH"})).await.outputs();
        let expected = json!({"outputs": [
            {"rows": [{"id": 1}, {"id": 2}], "size": 2},
            {"rows": [{"Count": 5}], "size": 1},
            {"rows": [{"name": "t"}], "size": 1},
        ]});
        assert_eq!(Json::Object(outputs), expected);
        let two = json!({"sql": "SELECT 1 AS a; SELECT 2 AS a", "fetchType": "STORE"});
        let outputs = platform.queries(two).await.outputs();
        let mut files = Vec::new();
        for output in outputs["outputs"].as_array().unwrap() {
            files.push(platform.text(&output["uri"]).await);
        }
        assert_eq!(files, ["{a:1}\n", "{a:2}\n"]);
        let nothing = platform.queries(json!({"sql": sql})).await.outputs();
        assert_eq!(Json::Object(nothing), json!({"outputs": []}));
    }

    /// Runs in a directory that remains, as that of a WorkingDirectory.
    async fn in_directory(platform: &Platform, properties: Json) -> segue_task::testing::TestRun {
        let mut message = platform.message_of(Queries::TYPE, properties);
        message.working_directory = Some(WorkingDirectoryRef { id: "shared".to_owned() });
        platform.handle(message).await
    }

    #[tokio::test]
    async fn all_statements_or_none_where_the_database_remains() {
        let platform = Platform::new();
        let url = "jdbc:duckdb:db/trips.duckdb";
        let on = |sql: &str, transaction: bool| {
            let task = json!({"url": url, "sql": sql, "transaction": transaction, "fetchType": "FETCH"});
            in_directory(&platform, task)
        };
        on("CREATE TABLE t (id INTEGER)", true).await.outputs();
        let failing = "INSERT INTO t VALUES (1);\nINSERT INTO nowhere VALUES (1)";
        let error = on(failing, true).await.error();
        assert!(error.starts_with("statement 2, line 2 of sql: Catalog Error"), "{error}");
        let count = async || {
            on("SELECT count(*) AS n FROM t", true).await.outputs()["outputs"][0]["rows"][0]["n"].clone()
        };
        assert_eq!(count().await, 0);
        on(failing, false).await.error();
        assert_eq!(count().await, 1);
        on(
            "BEGIN; INSERT INTO t VALUES (2); ROLLBACK; ATTACH 'o.duckdb' AS o; CREATE TABLE o.t AS FROM t",
            true,
        )
        .await
        .outputs();
        assert_eq!(count().await, 1);
        // A message that is delivered twice, and late.
        for _ in 0..2 {
            let merge = "MERGE INTO t USING (VALUES (1), (7)) s(id) USING (id) WHEN NOT MATCHED THEN INSERT VALUES (s.id)";
            on(merge, true).await.outputs();
        }
        assert_eq!(count().await, 2);
    }
}
