//! `bigquery.ExtractToGcs`.

use crate::connection::Connection;
use crate::job::{settings, transfer};
use crate::sql::{shown, table_reference};
use schemars::JsonSchema;
use segue_ports::object::ObjectAddress;
use segue_ports::warehouse::{ExtractJob, FileFormat};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Writes the rows of a table into a bucket. On Google Cloud this is an extract job of BigQuery, which costs nothing.
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
    /// The addresses of the files: `gs://bucket/key`, with `*` for the number of a file. On one machine, one address and
    /// one file.
    pub destination_uris: Vec<String>,
    /// CSV (default) or JSON (one document on each line). On Google Cloud also AVRO and PARQUET.
    pub format: Option<String>,
    /// NONE (default) or GZIP. On Google Cloud also SNAPPY, DEFLATE and ZSTD, where the format has them.
    pub compression: Option<String>,
    /// The separator between the fields of a CSV file. Default: a comma.
    pub field_delimiter: Option<String>,
    /// Whether a CSV file begins with the names of the columns.
    #[serde(default = "yes")]
    pub print_header: bool,
    /// Whether an AVRO file has logical types for dates and times.
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
#[derive(Debug, Serialize, JsonSchema)]
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
        if self.destination_uris.is_empty() {
            return Err(TaskError::failed("destinationUris names no address; write gs://bucket/key-*.csv"));
        }
        for uri in &self.destination_uris {
            ObjectAddress::parse(&numbered(uri))?;
        }
        let job = ExtractJob {
            settings: settings(&self.connection, &self.labels, context),
            source: table.clone(),
            uris: self.destination_uris.clone(),
            format: self.format()?,
            compression: self.compression(),
            field_delimiter: self.field_delimiter,
            print_header: self.print_header,
            use_avro_logical_types: self.use_avro_logical_types,
        };
        let warehouse = &*self.connection.warehouse(context)?;
        let settings = job.settings.clone();
        let done = transfer(warehouse, &settings, warehouse.extract(job), context).await?;
        // The address of a single file is written in full.
        let counted = self.destination_uris.iter().zip(&done.file_counts);
        let destination_uris: Vec<String> =
            counted.map(|(uri, count)| if *count == 1 { numbered(uri) } else { uri.clone() }).collect();
        for (name, count) in [("rows", done.rows), ("bytes", done.bytes)] {
            if let Some(count) = count {
                context.metric_counter(name, count as f64);
            }
        }
        let rows = done.rows.map_or_else(|| "the rows".to_owned(), |rows| format!("{rows} rows"));
        let bytes = done.bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        context.info(format!("{rows} of {} are in {}{bytes}", shown(&table), destination_uris.join(", ")));
        Ok(Output {
            job_id: done.job_id,
            source_table: shown(&table),
            destination_uris,
            file_counts: done.file_counts,
        })
    }
}

/// The address of the first file.
fn numbered(uri: &str) -> String {
    uri.replace('*', "000000000000")
}

impl ExtractToGcs {
    fn format(&self) -> Result<FileFormat, TaskError> {
        let name = self.format.as_deref().unwrap_or_default();
        FileFormat::parse(name)
            .ok_or_else(|| TaskError::failed(format!("format is '{name}'; write CSV, JSON, AVRO or PARQUET")))
    }

    /// None if the files are not compressed.
    fn compression(&self) -> Option<String> {
        let name = self.compression.as_deref().unwrap_or_default().trim().to_ascii_uppercase();
        Some(name).filter(|name| !matches!(name.as_str(), "" | "NONE"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::testing::Platform;
    use bytes::Bytes;
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
        let sql = "CREATE TABLE d.t AS SELECT 1 AS id, 'a,\"b\"' AS name, TIMESTAMP '2024-01-31 10:00:00 UTC' AS `at`";
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
