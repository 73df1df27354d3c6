//! `bigquery.ExtractToGcs`.

use crate::connection::Connection;
use crate::job::{job, job_id, run};
use crate::sql::{shown, table_name, table_reference};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt as _;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::object::{ObjectAddress, ObjectAttributes};
use segue_ports::warehouse::{Column, QueryResult};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;

/// Writes the rows of a table into a bucket. All rows are in memory on the way. For a large table, use an
/// `EXPORT DATA` statement of the warehouse.
///
/// ```yaml
/// id: extract
/// type: io.kestra.plugin.gcp.bigquery.ExtractToGcs
/// sourceTable: zoomcamp.zones
/// destinationUris:
///   - gs://my-bucket/zones/zones-*.csv.gz
/// format: CSV
/// compression: GZIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtractToGcs {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The table: `dataset.table` or `project.dataset.table`.
    pub source_table: String,
    /// The address of the files: `gs://bucket/key`, with `*` for the number of a file.
    pub destination_uris: Vec<String>,
    /// CSV (default) or JSON (one document on each line).
    pub format: Option<String>,
    /// NONE (default) or GZIP.
    pub compression: Option<String>,
    /// The separator between the fields of a CSV file. Default: a comma.
    pub field_delimiter: Option<String>,
    /// Whether a CSV file begins with the names of the columns.
    #[serde(default = "yes")]
    pub print_header: bool,
    /// Accepted, and has no effect: AVRO files cannot be written.
    pub use_avro_logical_types: Option<bool>,
    /// Accepted, and has no effect; see the common `timeout`.
    pub job_timeout_ms: Option<u64>,
    /// Labels of the job.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// The outputs of the task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The job's id.
    pub job_id: String,
    /// The table, with dataset and project.
    pub source_table: String,
    /// The addresses of the files.
    pub destination_uris: Vec<String>,
    /// The number of files for each address.
    pub file_counts: Vec<u64>,
}

impl Task for ExtractToGcs {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.ExtractToGcs";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        let table = table_reference("sourceTable", &self.source_table)?;
        let [uri] = self.destination_uris.as_slice() else {
            return Err(TaskError::failed(
                "destinationUris must name one address, with * for the number of a file",
            ));
        };
        let address = ObjectAddress::parse(&uri.replace('*', "000000000000"))?;
        let is_packed =
            match self.compression.as_deref().unwrap_or("NONE").trim().to_ascii_uppercase().as_str() {
                "NONE" | "" => false,
                "GZIP" => true,
                other => {
                    return Err(TaskError::failed(format!(
                        "compression is '{other}'; NONE and GZIP can be written"
                    )));
                }
            };
        let select = format!("SELECT * FROM {}", table_name(&table)?);
        let job = job(select, &self.connection, &self.labels, context);
        let result = run(&*self.connection.warehouse(context)?, job, context).await?;
        let text = self.text(&result)?;
        let bytes = if is_packed { packed(&text)? } else { text.into_bytes() };
        let length = bytes.len();
        let stream = futures::stream::iter([Ok(Bytes::from(bytes))]).boxed();
        self.connection.objects(context)?.put(&address, stream, ObjectAttributes::default()).await?;
        context.metric_counter("rows", result.rows.len() as f64);
        context.metric_counter("bytes", length as f64);
        context.info(format!(
            "{} rows of {} are in {address}, {length} bytes",
            result.rows.len(),
            shown(&table)
        ));
        Ok(Output {
            job_id: job_id(context),
            source_table: shown(&table),
            destination_uris: vec![address.to_string()],
            file_counts: vec![1],
        })
    }
}

impl ExtractToGcs {
    fn text(&self, result: &QueryResult) -> Result<String, TaskError> {
        let mut text = String::new();
        match self.format.as_deref().unwrap_or("CSV").trim().to_ascii_uppercase().as_str() {
            "CSV" => {
                let delimiter = match self.field_delimiter.as_deref() {
                    None | Some("") => ",",
                    Some("tab" | "\\t") => "\t",
                    Some(own) => own,
                };
                if self.print_header {
                    let names: Vec<_> =
                        result.schema.iter().map(|column| in_csv(column.name.clone(), delimiter)).collect();
                    text.push_str(&names.join(delimiter));
                    text.push('\n');
                }
                for row in &result.rows {
                    let mut fields = Vec::with_capacity(result.schema.len());
                    for column in &result.schema {
                        fields.push(in_csv(field(column, row.get(&column.name))?, delimiter));
                    }
                    text.push_str(&fields.join(delimiter));
                    text.push('\n');
                }
            }
            "JSON" | "NEWLINE_DELIMITED_JSON" => {
                for row in &result.rows {
                    let present = row.iter().filter(|(_, value)| !value.is_null());
                    let row: segue_model::Map =
                        present.map(|(name, value)| (name.clone(), value.clone())).collect();
                    text.push_str(&Json::Object(row).to_string());
                    text.push('\n');
                }
            }
            other => {
                return Err(TaskError::failed(format!("format is '{other}'; CSV and JSON can be written")));
            }
        }
        Ok(text)
    }
}

/// A value in BigQuery's CSV format.
fn field(column: &Column, value: Option<&Json>) -> Result<String, TaskError> {
    match value {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) if column.data_type == "TIMESTAMP" => {
            Ok(text.replacen('T', " ", 1).replace('Z', " UTC"))
        }
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Array(_) | Json::Object(_)) if column.data_type != "JSON" => {
            Err(TaskError::failed(format!(
                "the column '{}' is a list or record, which a CSV file cannot contain; set format: JSON",
                column.name
            )))
        }
        Some(other) => Ok(other.to_string()),
    }
}

fn in_csv(text: String, delimiter: &str) -> String {
    if text.contains(delimiter) || text.contains(['"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn packed(text: &str) -> Result<Vec<u8>, TaskError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish())
        .map_err(|error| TaskError::failed(format!("the rows cannot be compressed: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::testing::Platform;
    use futures::TryStreamExt as _;
    use serde_json::json;

    async fn object(platform: &Platform, key: &str) -> Vec<u8> {
        let (_, stream) = platform.ports.objects.get(&ObjectAddress::new("bucket", key)).await.unwrap();
        stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }

    #[tokio::test]
    async fn rows_become_a_file() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let spec = segue_ports::object::BucketSpec { name: "bucket".to_owned(), ..Default::default() };
        platform.ports.objects.create_bucket(spec).await.unwrap();
        let sql = "CREATE TABLE d.t AS SELECT 1 AS id, 'a,\"b\"' AS name, TIMESTAMP '2024-01-31 10:00:00 UTC' AS at";
        platform.run_attempt(1, Query::TYPE, json!({"sql": sql})).await;
        let task = |uri: &str| json!({"sourceTable": "d.t", "destinationUris": [uri]});
        let run = platform.run_attempt(2, ExtractToGcs::TYPE, task("gs://bucket/x-*.csv")).await;
        assert_eq!(run.result.error, None);
        let outputs = run.result.outputs;
        assert_eq!(outputs["destinationUris"], json!(["gs://bucket/x-000000000000.csv"]));
        assert_eq!((&outputs["fileCounts"], &outputs["sourceTable"]), (&json!([1]), &json!("d.t")));
        let expected = b"id,name,at\n1,\"a,\"\"b\"\"\",2024-01-31 10:00:00 UTC\n";
        assert_eq!(object(&platform, "x-000000000000.csv").await, expected);
        let mut more = task("gs://bucket/y.json");
        more["format"] = json!("NEWLINE_DELIMITED_JSON");
        more["compression"] = json!("GZIP");
        platform.run_attempt(3, ExtractToGcs::TYPE, more).await;
        let packed = object(&platform, "y.json").await;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut text)
            .unwrap();
        assert!(text.starts_with("{\"id\":1,\"name\":\"a,\\\"b\\\"\""), "{text}");
        let mut avro = task("gs://bucket/z");
        avro["format"] = json!("AVRO");
        assert!(
            platform.run_attempt(4, ExtractToGcs::TYPE, avro).await.result.error.unwrap().contains("AVRO")
        );
    }
}
