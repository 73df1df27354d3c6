//! `jdbc.postgresql.Queries`: runs several statements and returns the rows of each.

use crate::connection::Connection;
use crate::fetch::Fetcher;
use crate::session::Session;
use schemars::JsonSchema;
use segue_jdbc::{Fetch, Fetched, statements};
use segue_model::Map;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Runs several statements in a PostgreSQL database, in one transaction: either all of them or none.
///
/// ```yaml
/// id: tables
/// type: io.kestra.plugin.jdbc.postgresql.Queries
/// url: jdbc:postgresql://localhost:5432/taxi
/// username: kestra
/// password: "{{ secret('POSTGRES_PASSWORD') }}"
/// sql: |
///   CREATE TABLE IF NOT EXISTS zones (id integer, name text);
///   TRUNCATE TABLE zones;
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Queries {
    /// Server, database, user and encryption.
    #[serde(flatten)]
    pub connection: Connection,
    /// The statements, with semicolons between them.
    pub sql: String,
    /// The values of `:name` in the statements.
    #[serde(default)]
    pub parameters: Option<Map>,
    /// The properties about rows.
    #[serde(flatten)]
    pub fetch: Fetch,
    /// Statements that run after the rows were read, in the same transaction.
    #[serde(rename = "afterSQL")]
    pub after_sql: Option<String>,
    /// Whether all statements are one transaction. With `false`, each statement is a transaction of its own, and those
    /// before a failure stay done.
    #[serde(default = "yes")]
    pub transaction: bool,
}

fn yes() -> bool {
    true
}

/// The outputs of `jdbc.postgresql.Queries`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The rows of each statement that has rows, in the order of the statements.
    pub outputs: Vec<Fetched>,
}

impl Task for Queries {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.postgresql.Queries";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let parameters = self.parameters.unwrap_or_default();
        let found = statements(&self.sql, &parameters).map_err(TaskError::failed)?;
        let after = statements(self.after_sql.as_deref().unwrap_or_default(), &parameters);
        let after = after.map_err(|why| TaskError::failed(format!("afterSQL: {why}")))?;
        let (kind, zone, whole) = (self.fetch.kind(), self.fetch.zone()?, self.transaction);
        let session = Session::open(&self.connection, context).await?;
        session
            .run(context, async |session| {
                if whole {
                    session.command("BEGIN").await?;
                }
                let fetcher = Fetcher { session, context, kind, zone };
                let mut outputs = Vec::new();
                for statement in &found {
                    outputs.extend(fetcher.run(statement).await?);
                }
                for statement in &after {
                    fetcher.without_rows(statement).await?;
                }
                if whole {
                    session.command("COMMIT").await?;
                }
                Ok(Output { outputs })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::Json;
    use serde_json::json;

    #[tokio::test]
    async fn each_statement_with_rows_has_an_output() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer)") else { return };
        let sql = "INSERT INTO t VALUES (1), (2) RETURNING id; UPDATE t SET id = id + 1; SELECT sum(id) AS s FROM t;";
        let outputs = platform.run(Queries::TYPE, json!({"sql": sql, "fetchType": "FETCH"})).await.outputs();
        let expected = json!({"outputs": [
            {"rows": [{"id": 1}, {"id": 2}], "size": 2},
            {"rows": [{"s": 5}], "size": 1},
        ]});
        assert_eq!(Json::Object(outputs), expected);
        let stored = platform
            .run(Queries::TYPE, json!({"sql": "SELECT 1 AS a; SELECT 2 AS a", "fetchType": "STORE"}))
            .await;
        let outputs = stored.outputs();
        let mut files = Vec::new();
        for output in outputs["outputs"].as_array().unwrap() {
            files.push(platform.stored(output["uri"].as_str().unwrap()).await);
        }
        assert_eq!(files, [b"{a:1}\n", b"{a:2}\n"]);
        let nothing = platform.run(Queries::TYPE, json!({"sql": sql})).await.outputs();
        assert_eq!(Json::Object(nothing), json!({"outputs": []}));
    }

    #[tokio::test]
    async fn all_statements_or_none_unless_each_stands_alone() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer)") else { return };
        let sql = "INSERT INTO t VALUES (1);\nINSERT INTO nowhere VALUES (1)";
        let error = platform.run(Queries::TYPE, json!({"sql": sql})).await.error();
        assert!(error.starts_with("statement 2, line 2 of sql: relation \"nowhere\""), "{error}");
        assert_eq!(platform.ask("SELECT count(*) FROM t"), "0");
        platform.run(Queries::TYPE, json!({"sql": sql, "transaction": false})).await.error();
        assert_eq!(platform.ask("SELECT count(*) FROM t"), "1");
        // A second delivery of the same message runs the statements again: they must tolerate this.
        let merge = json!({"sql": "MERGE INTO t USING (VALUES (1), (7)) AS s (id) ON t.id = s.id \
            WHEN NOT MATCHED THEN INSERT VALUES (s.id)"});
        for _ in 0..2 {
            platform.run(Queries::TYPE, merge.clone()).await.outputs();
        }
        assert_eq!(platform.ask("SELECT count(*) FROM t"), "2");
    }
}
