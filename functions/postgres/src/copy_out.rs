//! `jdbc.postgresql.CopyOut`: streams a table or the rows of a query into a file.

use crate::copy::{Copy, Format};
use crate::session::Session;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_ports::PortError;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::pin::pin;
use tokio::sync::mpsc;

/// The size of a piece of the file.
const PIECE_BYTES: usize = 256 << 10;

/// Streams a table, or the rows of a query, into a file of internal storage. The number of rows does not matter.
///
/// ```yaml
/// id: extract
/// type: io.kestra.plugin.jdbc.postgresql.CopyOut
/// url: jdbc:postgresql://localhost:5432/taxi
/// username: kestra
/// password: "{{ secret('POSTGRES_PASSWORD') }}"
/// sql: SELECT * FROM yellow_tripdata WHERE trip_distance > 30
/// format: CSV
/// header: true
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CopyOut {
    /// The connection, and the format of the data.
    #[serde(flatten)]
    pub copy: Copy,
    /// The query. Either `sql` or `table` is set.
    pub sql: Option<String>,
    /// The table, with its schema if that is not in the search path.
    pub table: Option<String>,
}

/// The outputs of a copy into a file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The file.
    pub uri: String,
    /// The number of rows.
    pub row_count: u64,
}

impl Task for CopyOut {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.postgresql.CopyOut";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let text = |property: &Option<String>| property.clone().filter(|text| !text.trim().is_empty());
        let what = match (text(&self.sql), text(&self.table)) {
            (Some(sql), None) => format!("({})", sql.trim().trim_end_matches(';')),
            (None, Some(table)) => table,
            (None, None) => return Err(TaskError::failed("sql and table are missing; set one of them")),
            (Some(_), Some(_)) => {
                return Err(TaskError::failed("sql and table are both set; set one of them"));
            }
        };
        let statement = self.copy.statement(&what, "TO STDOUT")?;
        let session = Session::open(&self.copy.connection, context).await?;
        let path = context.storage_path(&format!("copy-{}.{}", context.attempt_key().attempt, self.ending()));
        let output = session
            .run(context, async |session| {
                let (sender, receiver) = mpsc::channel::<Result<Bytes, PortError>>(2);
                let pieces = futures::stream::unfold(receiver, |mut receiver| async move {
                    receiver.recv().await.map(|piece| (piece, receiver))
                });
                let written = context.storage().put(&path, pieces.boxed());
                let (written, rows) = tokio::join!(written, self.read(session, &statement.text, sender));
                let row_count = rows?;
                Ok(Output { uri: written?.0, row_count })
            })
            .await?;
        context.metric_counter("rows", output.row_count as f64);
        context.info(format!("{} rows are in {}", output.row_count, output.uri));
        Ok(output)
    }
}

impl CopyOut {
    /// Passes on what the server sends, in larger pieces. Returns the number of rows.
    async fn read(
        &self,
        session: &Session,
        statement: &str,
        sender: mpsc::Sender<Result<Bytes, PortError>>,
    ) -> Result<u64, TaskError> {
        let refused = |error| TaskError::failed(session.refusal(&error, None));
        let whole = async {
            let mut messages = pin!(session.client.copy_out(statement).await.map_err(refused)?);
            let (mut count, mut piece) = (0_u64, BytesMut::new());
            while let Some(message) = session.answer(messages.try_next(), None).await? {
                count += 1;
                piece.extend_from_slice(&message);
                // If the store takes no more, its own error counts.
                if piece.len() >= PIECE_BYTES && sender.send(Ok(piece.split().freeze())).await.is_err() {
                    break;
                }
            }
            let _gone = sender.send(Ok(piece.freeze())).await;
            Ok(count)
        };
        let count = whole.await;
        if count.is_err() {
            // Without this, the store would take the pieces so far for the whole file.
            let _gone = sender.send(Err(PortError::invalid("the copy failed"))).await;
        }
        // The server sends one message for each row, one for the header, and one for the end of a binary copy.
        let others =
            u64::from(self.copy.header == Some(true)) + u64::from(self.copy.format == Format::Binary);
        count.map(|count| count.saturating_sub(others))
    }

    fn ending(&self) -> &'static str {
        match self.copy.format {
            Format::Text => "txt",
            Format::Csv => "csv",
            Format::Binary => "bin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy_in::CopyIn;
    use crate::testing::Platform;
    use serde_json::json;

    const TABLE: &str = "CREATE TABLE t (id integer, name text); \
                         INSERT INTO t VALUES (1, E'two\\nlines'), (2, NULL), (3, 'a,b')";

    #[tokio::test]
    async fn every_format_comes_back_as_it_was() {
        let Some(platform) = Platform::with(TABLE) else { return };
        platform.ask("CREATE TABLE back (LIKE t)");
        let plain = json!({"format": "TEXT"});
        for (options, expected) in [
            (plain, "1\ttwo\\nlines\n2\t\\N\n3\ta,b\n"),
            (json!({"format": "CSV", "header": true}), "id,name\n1,\"two\nlines\"\n2,\n3,\"a,b\"\n"),
            (json!({"format": "CSV", "delimiter": ";", "nullString": "-"}), "1;\"two\nlines\"\n2;-\n3;a,b\n"),
            (json!({"format": "BINARY"}), ""),
        ] {
            let with = |extra: serde_json::Value| {
                let mut all = options.clone();
                all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
                all
            };
            let outputs = platform.run(CopyOut::TYPE, with(json!({"table": "t"}))).await.outputs();
            assert_eq!(outputs["rowCount"], 3, "{options}");
            let stored = platform.stored(outputs["uri"].as_str().unwrap()).await;
            if !expected.is_empty() {
                assert_eq!(String::from_utf8(stored).unwrap(), expected);
            }
            let back = with(json!({"table": "back", "from": outputs["uri"]}));
            assert_eq!(platform.run(CopyIn::TYPE, back).await.outputs()["rowCount"], 3);
            assert_eq!(
                platform.ask("SELECT count(*) FROM (SELECT * FROM back INTERSECT SELECT * FROM t) s"),
                "3"
            );
            platform.ask("TRUNCATE back");
        }
    }

    #[tokio::test]
    async fn queries_and_failures() {
        let Some(platform) = Platform::with(TABLE) else { return };
        let query = json!({"sql": "SELECT id FROM t WHERE id > 1 ORDER BY id DESC;", "format": "CSV"});
        let outputs = platform.run(CopyOut::TYPE, query).await.outputs();
        assert_eq!(outputs["rowCount"], 2);
        assert_eq!(platform.stored(outputs["uri"].as_str().unwrap()).await, b"3\n2\n");
        let none = platform.run(CopyOut::TYPE, json!({"sql": "SELECT 1 WHERE false"})).await.outputs();
        assert_eq!(none["rowCount"], 0);
        for (properties, expected) in [
            (json!({}), "sql and table are missing; set one of them"),
            (json!({"sql": "SELECT 1", "table": "t"}), "sql and table are both set; set one of them"),
            (json!({"table": "nowhere"}), "relation \"nowhere\" does not exist (PostgreSQL error 42P01)"),
            (
                json!({"sql": "SELECT 1 / (3 - n) FROM generate_series(1, 5) n"}),
                "division by zero (PostgreSQL error 22012)",
            ),
        ] {
            assert_eq!(platform.run(CopyOut::TYPE, properties).await.error(), expected);
        }
        let files = platform.ports.storage.list("").await.unwrap();
        assert_eq!(files.len(), 2, "a copy that failed leaves no file: {files:?}");
    }
}
