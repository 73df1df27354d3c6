//! `bigquery.Load` and the parts it shares with `bigquery.LoadFromGcs`: loads files into a table.
//!
//! A load is one job of the warehouse, with an id that follows from the attempt. So a message that is delivered twice
//! loads the rows once.

use crate::connection::Connection;
use crate::disposition::{CreateDisposition, WriteDisposition};
use crate::job::{settings, transfer};
use crate::sql::{Field, Schema, shown, table_reference};
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_ports::warehouse::{CsvFormat, FileFormat, LoadJob, LoadSource, Loaded, TableReference};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The properties of both kinds of load.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadProperties {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The table for the rows: `dataset.table` or `project.dataset.table`.
    pub destination_table: String,
    /// CSV (default), JSON (one document on each line) or PARQUET. On Google Cloud also AVRO and ORC.
    pub format: Option<String>,
    /// The format of a CSV file.
    #[serde(default)]
    pub csv_options: CsvOptions,
    /// The columns. Default: the columns of the destination, or of the file.
    pub schema: Option<Schema>,
    /// Whether the types of columns are detected from the file.
    #[serde(default)]
    pub autodetect: bool,
    /// What happens to existing rows. Default: rows are added.
    pub write_disposition: Option<WriteDisposition>,
    /// Whether the destination may be created.
    pub create_disposition: Option<CreateDisposition>,
    /// Whether fields beyond the columns are left out.
    #[serde(default)]
    pub ignore_unknown_values: bool,
    /// The number of bad rows that are left out. With one more, the task fails.
    #[serde(default)]
    pub max_bad_records: u64,
    /// Whether a load without rows fails.
    #[serde(default = "yes")]
    pub failed_on_empty: bool,
    /// Labels of the job.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Accepted, and has no effect. Use a CREATE TABLE … CLUSTER BY instead.
    pub clustering_fields: Option<Vec<String>>,
    /// Accepted, and has no effect. Use a CREATE TABLE … PARTITION BY instead.
    pub time_partitioning_field: Option<String>,
    /// As `timePartitioningField`.
    pub time_partitioning_type: Option<String>,
    /// Accepted, and has no effect: the allowed changes of the destination's schema.
    pub schema_update_options: Option<Vec<String>>,
    /// Accepted, and has no effect.
    pub avro_options: Option<serde_json::Value>,
}

fn yes() -> bool {
    true
}

/// The format of a CSV file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsvOptions {
    /// Whether columns may be missing at the end of a row.
    pub allow_jagged_rows: Option<bool>,
    /// Whether a quoted text may contain line breaks.
    pub allow_quoted_new_lines: Option<bool>,
    /// UTF-8 (default) or ISO-8859-1.
    pub encoding: Option<String>,
    /// The separator between fields. Default: a comma.
    pub field_delimiter: Option<String>,
    /// The quotes around a text. Default: `"`.
    pub quote: Option<String>,
    /// The number of lines to skip at the beginning.
    pub skip_leading_rows: Option<u64>,
}

/// The outputs of a load.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The job's id.
    pub job_id: String,
    /// The table, with dataset and project.
    pub destination_table: String,
    /// The number of loaded rows.
    pub rows: u64,
}

/// Loads a file of internal storage into a table.
///
/// ```yaml
/// id: load
/// type: io.kestra.plugin.gcp.bigquery.Load
/// from: "{{ outputs.write.uri }}"
/// destinationTable: zoomcamp.zones
/// format: CSV
/// csvOptions:
///   skipLeadingRows: 1
/// autodetect: true
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Load {
    /// The properties of both kinds of load.
    #[serde(flatten)]
    pub load: LoadProperties,
    /// The file.
    pub from: String,
}

impl Task for Load {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.Load";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let address = context.storage().admitted(&self.from).await?;
        if context.storage().head(&self.from).await?.is_none() {
            return Err(TaskError::failed(format!("{} was not found in internal storage", self.from)));
        }
        // The service reads its own files: the flow's account may not.
        let (storage, from) = (context.storage().clone(), self.from.clone());
        let open = move || {
            let (storage, from) = (storage.clone(), from.clone());
            futures::stream::once(async move { Ok(storage.get(&from).await?.1) }).try_flatten().boxed()
        };
        let source = LoadSource::File { uri: address.to_string(), open: Arc::new(open) };
        self.load.run(source, context).await
    }
}

impl LoadProperties {
    /// Loads the files.
    ///
    /// # Errors
    /// An error about the files or the destination.
    pub async fn run(self, source: LoadSource, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        for (given, name) in [
            (self.clustering_fields.is_some(), "clusteringFields"),
            (self.time_partitioning_field.is_some(), "timePartitioningField"),
        ] {
            if given {
                context.warn(format!(
                    "the property {name} has no effect; create the table with CreateTable first"
                ));
            }
        }
        let destination = table_reference("destinationTable", &self.destination_table)?;
        let job = self.job(source, &destination, context)?;
        let warehouse = &*self.connection.warehouse(context)?;
        let settings = job.settings.clone();
        let Loaded { job_id, rows } = transfer(warehouse, &settings, warehouse.load(job), context).await?;
        context.metric_counter("output.rows", rows as f64);
        context.metric_counter("rows", rows as f64);
        context.info(format!("job {job_id}: {rows} rows were loaded into {}", shown(&destination)));
        if rows == 0 && self.failed_on_empty {
            return Err(TaskError::failed(format!(
                "no rows were loaded into {}; set failedOnEmpty: false to allow this",
                shown(&destination)
            )));
        }
        Ok(Output { job_id, destination_table: shown(&destination), rows })
    }

    fn job(
        &self,
        source: LoadSource,
        destination: &TableReference,
        context: &TaskContext,
    ) -> Result<LoadJob, TaskError> {
        let csv = &self.csv_options;
        let name = self.format.as_deref().unwrap_or_default();
        let format = FileFormat::parse(name).ok_or_else(|| {
            TaskError::failed(format!("format is '{name}'; write CSV, JSON, PARQUET, AVRO or ORC"))
        })?;
        let fields = self.schema.iter().flat_map(|schema| &schema.fields);
        Ok(LoadJob {
            settings: settings(&self.connection, &self.labels, context),
            source,
            destination: destination.clone(),
            format,
            csv: CsvFormat {
                allow_jagged_rows: csv.allow_jagged_rows,
                allow_quoted_newlines: csv.allow_quoted_new_lines,
                encoding: csv.encoding.clone(),
                field_delimiter: csv.field_delimiter.clone(),
                quote: csv.quote.clone(),
                skip_leading_rows: csv.skip_leading_rows,
            },
            columns: fields.map(Field::column).collect::<Result<_, _>>()?,
            autodetect: self.autodetect,
            write_disposition: self.write_disposition.map(Into::into),
            create_disposition: self.create_disposition.map(Into::into),
            ignore_unknown_values: self.ignore_unknown_values,
            max_bad_records: self.max_bad_records,
            decimal_target_types: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::testing::Platform;
    use segue_model::Json;
    use serde_json::json;

    async fn rows(platform: &Platform, attempt: u32, table: &str) -> Json {
        let sql = json!({"sql": format!("SELECT * FROM {table} ORDER BY 1"), "fetchType": "FETCH"});
        let run = platform.run_attempt(attempt, Query::TYPE, sql).await;
        assert_eq!(run.result.error, None);
        run.result.outputs["rows"].clone()
    }

    #[tokio::test]
    async fn a_csv_file_is_loaded_once_by_its_schema() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let from = platform.ports.storage.put_text("a/zones.csv", "1;x\n2;\n").await.unwrap();
        let task = json!({"from": from, "destinationTable": "d.zones", "format": "CSV",
            "csvOptions": {"fieldDelimiter": ";"},
            "schema": {"fields": [{"name": "id", "type": "INTEGER"}, {"name": "zone", "type": "STRING"}]}});
        for _ in 0..2 {
            let run = platform.run_attempt(1, Load::TYPE, task.clone()).await;
            assert_eq!(run.result.error, None);
            assert_eq!(run.result.outputs["rows"], 2);
            assert_eq!(run.result.outputs["destinationTable"], "d.zones");
            assert_eq!(run.result.outputs["jobId"], "segue_execution1_taskrun1_1");
        }
        assert_eq!(
            rows(&platform, 2, "d.zones").await,
            json!([{"id": 1, "zone": "x"}, {"id": 2, "zone": null}])
        );
        // Without a schema, the destination's schema is used. Rows are added unless they are replaced.
        let mut more = task.clone();
        more.as_object_mut().unwrap().remove("schema");
        platform.run_attempt(3, Load::TYPE, more.clone()).await;
        assert_eq!(rows(&platform, 4, "d.zones").await.as_array().unwrap().len(), 4);
        more["writeDisposition"] = json!("WRITE_TRUNCATE");
        platform.run_attempt(5, Load::TYPE, more).await;
        assert_eq!(rows(&platform, 6, "d.zones").await.as_array().unwrap().len(), 2);
        let tables = platform.ports.warehouse.list_tables("d").await.unwrap();
        assert_eq!(tables.len(), 1, "no declaration is left behind: {tables:?}");
    }

    #[tokio::test]
    async fn types_are_found_out() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let csv = "id,price,day,name,ok,seen\n1,2.5,2024-01-31,7,true,2024-01-27 17:15:00\n\
                   2,,2024-02-01,x,false,2024-01-27T17:15:00Z\n";
        let from = platform.ports.storage.put_text("a/x.csv", csv).await.unwrap();
        let task = json!({"from": from, "destinationTable": "d.x", "autodetect": true});
        let run = platform.run_attempt(1, Load::TYPE, task).await;
        assert_eq!(run.result.error, None);
        let first = json!({"id": 1, "price": 2.5, "day": "2024-01-31", "name": "7", "ok": true,
            "seen": "2024-01-27T17:15:00Z"});
        assert_eq!(rows(&platform, 2, "d.x").await[0], first);
        let types: Vec<_> = platform.ports.warehouse.table_info("d", "x").await.unwrap().columns;
        let types: Vec<_> = types.iter().map(|column| column.data_type.as_str()).collect();
        assert_eq!(types, ["INT64", "FLOAT64", "DATE", "STRING", "BOOL", "TIMESTAMP"]);
    }

    #[tokio::test]
    async fn json_lines_and_failures() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let from = platform.ports.storage.put_text("a/x.json", "{\"a\": 1, \"b\": \"x\"}\n").await.unwrap();
        let task = json!({"from": from, "destinationTable": "d.j", "format": "JSON"});
        assert_eq!(platform.run_attempt(1, Load::TYPE, task).await.result.outputs["rows"], 1);
        let empty = platform.ports.storage.put_text("a/e.csv", "id\n").await.unwrap();
        let schema = json!({"fields": [{"name": "id", "type": "INT64"}]});
        let of = |from: &str| json!({"from": from, "destinationTable": "d.e", "csvOptions": {"skipLeadingRows": 1}, "schema": schema});
        let error = platform.run_attempt(2, Load::TYPE, of(&empty)).await.result.error.unwrap();
        assert!(error.contains("no rows were loaded into d.e"), "{error}");
        let bad = platform.ports.storage.put_text("a/b.csv", "id\nx\n").await.unwrap();
        let error = platform.run_attempt(3, Load::TYPE, of(&bad)).await.result.error.unwrap();
        assert!(error.contains("Error while reading data"), "{error}");
        let error =
            platform.run_attempt(4, Load::TYPE, of("kestra:///a/none.csv")).await.result.error.unwrap();
        assert!(error.contains("was not found in internal storage"), "{error}");
    }
}
