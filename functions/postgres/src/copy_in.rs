//! `jdbc.postgresql.CopyIn`: streams a file into a table.

use crate::copy::Copy;
use crate::session::Session;
use bytes::Bytes;
use futures::{SinkExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_ports::PortError;
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::pin::pin;

/// Streams a file of internal storage into a table. All rows are loaded or none. The size of the file does not matter.
///
/// ```yaml
/// id: load
/// type: io.kestra.plugin.jdbc.postgresql.CopyIn
/// url: jdbc:postgresql://localhost:5432/taxi
/// username: kestra
/// password: "{{ secret('POSTGRES_PASSWORD') }}"
/// from: "{{ outputs.extract.outputFiles['trips.csv'] }}"
/// table: public.yellow_tripdata
/// format: CSV
/// header: true
/// columns: [VendorID, tpep_pickup_datetime, tpep_dropoff_datetime]
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CopyIn {
    /// The connection, and the format of the data.
    #[serde(flatten)]
    pub copy: Copy,
    /// The file.
    pub from: String,
    /// The table, with its schema if that is not in the search path.
    pub table: String,
}

/// The outputs of a copy into a table.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The number of loaded rows.
    pub row_count: u64,
}

impl Task for CopyIn {
    const TYPE: &'static str = "io.kestra.plugin.jdbc.postgresql.CopyIn";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let statement = self.copy.statement(&self.table, "FROM STDIN")?;
        let missing = |error: PortError| not_there(error, &self.from);
        let (_, mut file) = context.storage().get(&self.from).await.map_err(missing)?;
        let session = Session::open(&self.copy.connection, context).await?;
        let row_count = session
            .run(context, async |session| {
                let refused =
                    |error| TaskError::failed(format!("{}: {}", self.table, session.refusal(&error, None)));
                let sink = session.client.copy_in::<_, Bytes>(&statement.text).await.map_err(refused)?;
                let mut sink = pin!(sink);
                // If the file breaks off, the copy is not finished, and the server undoes the rows so far.
                while let Some(piece) = file.try_next().await? {
                    sink.feed(piece).await.map_err(refused)?;
                }
                sink.finish().await.map_err(refused)
            })
            .await?;
        context.metric_counter("rows", row_count as f64);
        context.info(format!("{row_count} rows were loaded into {}", self.table));
        Ok(Output { row_count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    const TABLE: &str =
        "CREATE TABLE trips (id integer, name text, price numeric, at timestamp, filename text)";

    #[tokio::test]
    async fn a_csv_file_with_a_header_is_loaded_into_columns() {
        let Some(platform) = Platform::with(TABLE) else { return };
        let csv = "ID,name,price,at\n1,\"a, \"\"b\"\"\",2.50,2021-01-01 00:30:10\n2,,,\n3,\"\",1,\n";
        let from = platform.store("trips.csv", csv.as_bytes()).await;
        let task = json!({"from": from, "table": "public.trips", "format": "CSV", "header": true,
            "columns": ["ID", "name", "price", "at"]});
        let run = platform.run(CopyIn::TYPE, task.clone()).await;
        assert_eq!(run.result.metrics[0].value, 3.0);
        assert_eq!(run.outputs()["rowCount"], 3);
        assert_eq!(
            platform.ask("SELECT id, name, price, at, filename IS NULL FROM trips ORDER BY id"),
            "1|a, \"b\"|2.50|2021-01-01 00:30:10|t\n2||||t\n3||1||t"
        );
        assert_eq!(
            platform.ask("SELECT id FROM trips WHERE name IS NULL"),
            "2",
            "a quoted empty text is not NULL"
        );
        // A message that is delivered twice loads the rows twice: a flow that must not empties the table first.
        platform.run(CopyIn::TYPE, task).await.outputs();
        assert_eq!(platform.ask("SELECT count(*) FROM trips"), "6");
    }

    #[tokio::test]
    async fn nothing_of_a_bad_file_is_loaded() {
        let Some(platform) = Platform::with(TABLE) else { return };
        let rows: String = (0..200_000).map(|n| format!("{n},name {n},1.5,2021-01-01\n")).collect();
        let cut = platform.store("cut.csv", format!("{rows}200000,na").as_bytes()).await;
        let task = |from: &str, table: &str| json!({"from": from, "table": table, "format": "CSV", "columns": ["id", "name", "price", "at"]});
        let error = platform.run(CopyIn::TYPE, task(&cut, "trips")).await.error();
        assert_eq!(
            error,
            "trips: missing data for column \"price\" (PostgreSQL error 22P04); where: COPY trips, line 200001: \
             \"200000,na\"; nothing was loaded: the file is cut off here, or this line is wrong. Make the file again, or fix \
             the line; if every line is like this, set columns, delimiter, quote and header as the file has them"
        );
        let quoted = platform.store("quoted.csv", format!("{rows}200000,\"na").as_bytes()).await;
        let error = platform.run(CopyIn::TYPE, task(&quoted, "trips")).await.error();
        assert!(
            error.contains("unterminated CSV quoted field") && error.contains("the file is cut off"),
            "{error}"
        );
        let wide = platform.store("wide.csv", b"1,a,1,,5\n").await;
        let error = platform.run(CopyIn::TYPE, task(&wide, "trips")).await.error();
        assert!(error.contains("extra data after last") && error.contains("more fields than"), "{error}");
        let wrong = platform.store("wrong.csv", format!("1,a,many,\n{rows}").as_bytes()).await;
        let error = platform.run(CopyIn::TYPE, task(&wrong, "trips")).await.error();
        assert!(error.starts_with("trips: invalid input syntax for type numeric: \"many\""), "{error}");
        assert_eq!(platform.ask("SELECT count(*) FROM trips"), "0");
        let error = platform.run(CopyIn::TYPE, task(&cut, "nowhere")).await.error();
        assert!(error.starts_with("nowhere: relation \"nowhere\" does not exist"), "{error}");
        let error = platform.run(CopyIn::TYPE, task("kestra:///none.csv", "trips")).await.error();
        assert_eq!(error, "kestra:///none.csv was not found in internal storage");
    }
}
