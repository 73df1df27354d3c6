//! `jdbc.postgresql.Batch`: runs a statement for each row of a file.

use crate::connection::Connection;
use crate::parameter::Parameter;
use crate::placeholders::with_placeholders;
use crate::session::Session;
use futures::future::try_join_all;
use schemars::JsonSchema;
use segue_jdbc::Statement;
use segue_model::Json;
use segue_task::records::Records;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The number of rows that are sent before their answers are read.
const CHUNK: usize = 1000;

/// Runs a statement for each row of a file, in one transaction: for all rows or for none. The file has one row on each
/// line, as ION or JSON: a map or a list. A file of another format can be loaded with `CopyIn`, which is faster.
///
/// ```yaml
/// id: prices
/// type: io.kestra.plugin.jdbc.postgresql.Batch
/// url: jdbc:postgresql://localhost:5432/shop
/// username: kestra
/// password: "{{ secret('POSTGRES_PASSWORD') }}"
/// from: "{{ outputs.query.uri }}"
/// sql: INSERT INTO prices (id, price) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price
/// columns: [id, price]
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Batch {
    /// Server, database, user and encryption.
    #[serde(flatten)]
    pub connection: Connection,
    /// The file.
    pub from: String,
    /// The statement, with a `?` for each value. Either `sql` or `table` is set.
    pub sql: Option<String>,
    /// The table for the rows.
    pub table: Option<String>,
    /// The fields of a row, in the order of the `?`. Default: the fields of the first row, in their order.
    pub columns: Option<Vec<String>>,
    /// The number of rows that are sent at once.
    #[serde(default = "chunk")]
    pub chunk: usize,
}

fn chunk() -> usize {
    CHUNK
}

/// The outputs of a batch.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The number of rows in the file.
    pub row_count: u64,
    /// The number of rows in the database that were inserted, updated or deleted.
    pub updated_count: u64,
}

impl Task for Batch {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.postgresql.Batch";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.chunk == 0 {
            return Err(TaskError::failed(
                "chunk is 0; write the number of rows to send at once, such as 1000",
            ));
        }
        let mut rows = Records::open(context, &self.from, "\n").await?;
        let Some((_, first)) = rows.next_row().await? else {
            context.info(format!("{} has no rows", self.from));
            return Ok(Output { row_count: 0, updated_count: 0 });
        };
        let plan = self.plan(&first)?;
        let session = Session::open(&self.connection, context).await?;
        let (row_count, updated_count) = session
            .run(context, async |session| {
                session.command("BEGIN").await?;
                let prepared = session.client.prepare(&plan.statement.text);
                let prepared = session.answer(prepared, Some(&plan.statement)).await?;
                if prepared.params().len() != plan.count {
                    return Err(TaskError::failed("sql has $1; write ? for each value"));
                }
                let (mut row_count, mut updated_count, mut next) = (0, 0, Some(first));
                while next.is_some() {
                    let mut rows_at_once = Vec::new();
                    while rows_at_once.len() < self.chunk
                        && let Some(row) = next.take()
                    {
                        row_count += 1;
                        rows_at_once.push(plan.values(row, row_count)?);
                        next = rows.next_row().await?.map(|(_, row)| row);
                    }
                    let sent = rows_at_once
                        .iter()
                        .map(|values| session.client.execute_raw(&prepared, values.iter().map(Parameter)));
                    let done = session.answer(try_join_all(sent), Some(&plan.statement)).await?;
                    updated_count += done.iter().sum::<u64>();
                }
                session.command("COMMIT").await?;
                Ok((row_count, updated_count))
            })
            .await?;
        context.metric_counter("records", row_count as f64);
        context.info(format!("{row_count} rows were sent, and {updated_count} changed"));
        Ok(Output { row_count, updated_count })
    }
}

/// What is done with each row.
struct Plan {
    statement: Statement,
    /// The number of `?`.
    count: usize,
    /// The fields of a map. None if rows are lists.
    fields: Option<Vec<String>>,
}

impl Batch {
    fn plan(&self, first: &Json) -> Result<Plan, TaskError> {
        let given = self.columns.clone().filter(|columns| !columns.is_empty());
        let fields = match (given, first) {
            (Some(columns), _) => Some(columns),
            (None, Json::Object(map)) => Some(map.keys().cloned().collect()),
            (None, _) => None,
        };
        let text = |property: &Option<String>| property.clone().filter(|text| !text.trim().is_empty());
        let sql = match (text(&self.sql), text(&self.table)) {
            (Some(sql), _) => sql,
            (None, Some(table)) => insert(&table, fields.as_deref(), first),
            (None, None) => return Err(TaskError::failed("sql and table are missing; set one of them")),
        };
        let (statement, count) = with_placeholders(&sql).map_err(TaskError::failed)?;
        Ok(Plan { statement, count, fields })
    }
}

/// INSERT with a `?` for each field. Names are quoted if they have more than small letters, digits and underscores.
fn insert(table: &str, fields: Option<&[String]>, first: &Json) -> String {
    let count = fields.map_or_else(|| first.as_array().map_or(0, Vec::len), <[String]>::len);
    let names = fields.map(|fields| {
        let plain =
            |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let quoted = fields.iter().map(|name| {
            if plain(name) { name.clone() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
        });
        format!(" ({})", quoted.collect::<Vec<_>>().join(", "))
    });
    format!("INSERT INTO {table}{} VALUES ({})", names.unwrap_or_default(), vec!["?"; count].join(", "))
}

impl Plan {
    /// The values of a row. Rows are counted from 1.
    fn values(&self, row: Json, number: u64) -> Result<Vec<Json>, TaskError> {
        let values = match (row, &self.fields) {
            (Json::Object(mut map), Some(fields)) => {
                fields.iter().map(|field| map.remove(field).unwrap_or_default()).collect()
            }
            (Json::Object(map), None) => map.into_iter().map(|(_, value)| value).collect(),
            (Json::Array(values), _) => values,
            (other, _) => {
                return Err(TaskError::failed(format!(
                    "row {number} is {other}; a row must be a map or a list"
                )));
            }
        };
        if values.len() == self.count {
            return Ok(values);
        }
        Err(TaskError::failed(format!(
            "row {number} has {} values, and the statement has {} question marks; set columns to the fields that you want",
            values.len(),
            self.count
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn every_type_goes_from_a_query_to_a_batch() {
        let columns = "id integer, b boolean, big bigint, n numeric, f float8, t text, at timestamptz, d date, iv interval, \
                       j jsonb, tags text[], raw bytea, r int4range, u uuid, nil text";
        let Some(platform) = Platform::with(&format!(
            "CREATE TABLE source ({columns}); CREATE TABLE target (LIKE source); INSERT INTO source SELECT n, true, \
             9007199254740993, 12345678901234567890.5, 0.1, E'é\"\\n', '2024-01-31 10:00+01', '2024-01-31', '1 mon 1 day', \
             '{{\"a\": [1, null]}}', ARRAY['x', NULL, 'a\"b'], '\\x00ff', int4range(1, 5), \
             '123e4567-e89b-12d3-a456-426614174000', NULL FROM generate_series(1, 2500) n"
        )) else {
            return;
        };
        let stored = platform
            .run(Query::TYPE, json!({"sql": "SELECT * FROM source", "fetchType": "STORE"}))
            .await
            .outputs();
        let run = platform.run(Batch::TYPE, json!({"from": stored["uri"], "table": "target"})).await;
        assert_eq!(Json::Object(run.outputs()), json!({"rowCount": 2500, "updatedCount": 2500}));
        assert_eq!(
            platform.ask("SELECT count(*) FROM (SELECT * FROM source INTERSECT SELECT * FROM target) s"),
            "2500"
        );
    }

    #[tokio::test]
    async fn columns_and_lists() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer PRIMARY KEY, \"Name\" text)") else {
            return;
        };
        let maps = platform.store("m.json", b"{\"x\": 0, \"Name\": \"a\", \"id\": 1}\n\n{\"id\": 2}\n").await;
        let sql =
            "INSERT INTO t VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET \"Name\" = EXCLUDED.\"Name\" || '?'";
        let task = json!({"from": maps, "sql": sql, "columns": ["id", "Name"], "chunk": 1});
        assert_eq!(platform.run(Batch::TYPE, task.clone()).await.outputs()["updatedCount"], 2);
        platform.run(Batch::TYPE, task).await.outputs();
        assert_eq!(platform.ask("SELECT * FROM t ORDER BY id"), "1|a?\n2|");
        let lists = platform.store("l.ion", b"[3, \"c\"]\n[4, null]\n").await;
        platform.run(Batch::TYPE, json!({"from": lists, "table": "t"})).await.outputs();
        platform
            .run(Batch::TYPE, json!({"from": maps, "sql": "DELETE FROM t WHERE id = ?", "columns": ["id"]}))
            .await
            .outputs();
        assert_eq!(platform.ask("SELECT * FROM t ORDER BY id"), "3|c\n4|");
        let empty = platform.store("e.ion", b"").await;
        let outputs = platform.run(Batch::TYPE, json!({"from": empty, "table": "t"})).await.outputs();
        assert_eq!(Json::Object(outputs), json!({"rowCount": 0, "updatedCount": 0}));
    }

    #[tokio::test]
    async fn a_bad_row_undoes_the_others() {
        let Some(platform) = Platform::with("CREATE TABLE t (id integer PRIMARY KEY)") else { return };
        let rows: String = (0..5000).map(|n| format!("{{\"id\": {}}}\n", n % 4990)).collect();
        let from = platform.store("r.json", rows.as_bytes()).await;
        let error = platform.run(Batch::TYPE, json!({"from": from, "table": "t"})).await.error();
        assert!(error.contains("duplicate key value") && error.contains("Key (id)=(0)"), "{error}");
        let many = platform.store("many.json", b"{\"id\": \"many\"}\n").await;
        let error = platform.run(Batch::TYPE, json!({"from": many, "table": "t"})).await.error();
        assert!(error.contains("invalid input syntax for type integer: \"many\""), "{error}");
        let odd = platform.store("odd.json", b"{\"id\": 1, \"x\": 2}\n").await;
        for (properties, expected) in [
            (
                json!({"from": odd, "sql": "INSERT INTO t VALUES (?)"}),
                "row 1 has 2 values, and the statement has 1 question marks",
            ),
            (json!({"from": odd}), "sql and table are missing"),
            (json!({"from": odd, "table": "t", "chunk": 0}), "chunk is 0"),
            (json!({"from": odd, "sql": "INSERT INTO t VALUES ($1)"}), "sql has $1"),
            (json!({"from": odd, "sql": "SELECT ?; SELECT ?"}), "sql must be one statement"),
        ] {
            let error = platform.run(Batch::TYPE, properties).await.error();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(platform.ask("SELECT count(*) FROM t"), "0");
    }
}
