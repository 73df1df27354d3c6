//! `bigquery.Load` and the parts it shares with `bigquery.LoadFromGcs`: loads files into a table.
//!
//! The files are declared as an external table, and one job writes its rows to the destination. So a load has
//! the guarantees of a query job: a message that is delivered twice loads the rows once.

use crate::connection::Connection;
use crate::detect;
use crate::disposition::{CreateDisposition, WriteDisposition};
use crate::job::{job, job_id, run, stop};
use crate::sql::{
    Field, Schema, dataset_name, declarations, literal, quoted, shown, table_name, table_reference,
};
use schemars::JsonSchema;
use segue_ports::warehouse::{QueryJob, QueryResult, TableReference, Warehouse, WarehouseError};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The suffixes of the ids of a load's jobs.
const JOBS: [&str; 5] = ["_columns", "_files", "_names", "_types", ""];

/// The properties of both kinds of load.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadProperties {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The table for the rows: `dataset.table` or `project.dataset.table`.
    pub destination_table: String,
    /// CSV (default), JSON (one document on each line) or PARQUET.
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
    /// Accepted, and has no effect: AVRO files cannot be read.
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
#[derive(Debug, Serialize)]
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
        self.load.run(vec![address.to_string()], context).await
    }
}

impl LoadProperties {
    /// Loads the files. Their addresses are like `gs://bucket/key`, with `*` for any characters.
    ///
    /// # Errors
    /// An error about the files or the destination.
    pub async fn run(self, uris: Vec<String>, context: &TaskContext) -> Result<Output, TaskError> {
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
        let source = TableReference {
            project: destination.project.clone(),
            dataset: destination.dataset.clone(),
            table: job_id(context).replace('-', "_"),
        };
        let warehouse = &*self.connection.warehouse(context)?;
        if context.cancelled().is_cancelled() {
            let jobs = JOBS.map(|suffix| self.job(suffix, String::new(), context));
            return Err(stop(warehouse, &jobs, context).await);
        }
        let loaded = self.load(warehouse, &uris, &source, &destination, context).await;
        // A job that still runs, or will be tried again, reads the files through this declaration.
        if !matches!(loaded, Err(TaskError::Unfinished { .. } | TaskError::Platform(_))) {
            let dataset = dataset_name(source.project.as_deref(), &source.dataset);
            match warehouse.delete_table(&dataset, &source.table).await {
                Ok(()) | Err(WarehouseError::NotFound { .. }) => {}
                Err(error) => {
                    context.warn(format!("the declaration of the files could not be removed: {error}"))
                }
            }
        }
        let rows = loaded?;
        context.metric_counter("output.rows", rows as f64);
        context.metric_counter("rows", rows as f64);
        context.info(format!(
            "job {}: {rows} rows were loaded into {}",
            job_id(context),
            shown(&destination)
        ));
        if rows == 0 && self.failed_on_empty {
            return Err(TaskError::failed(format!(
                "no rows were loaded into {}; set failedOnEmpty: false to allow this",
                shown(&destination)
            )));
        }
        Ok(Output { job_id: job_id(context), destination_table: shown(&destination), rows })
    }

    /// One of the jobs of a load.
    fn job(&self, suffix: &str, sql: String, context: &TaskContext) -> QueryJob {
        let job = job(sql, &self.connection, &self.labels, context);
        QueryJob { job_id: format!("{}{suffix}", job.job_id), max_results: Some(0), ..job }
    }

    /// Runs the jobs of a load one after another. Another delivery of the message runs the same jobs from the
    /// beginning: each job follows from the task and from the results of earlier jobs, which are recorded.
    async fn load(
        &self,
        warehouse: &dyn Warehouse,
        uris: &[String],
        source: &TableReference,
        destination: &TableReference,
        context: &TaskContext,
    ) -> Result<u64, TaskError> {
        let fetch = |suffix: &'static str, sql: String| {
            let job = QueryJob { max_results: None, ..self.job(suffix, sql, context) };
            run(warehouse, job, context)
        };
        let fields = match self.schema.as_ref().filter(|schema| !schema.fields.is_empty()) {
            Some(schema) => schema.fields.clone(),
            None if self.autodetect || self.format() != "CSV" => Vec::new(),
            None => columns(&fetch("_columns", columns_of(destination)?).await?),
        };
        let declared =
            if fields.is_empty() { String::new() } else { format!(" ({})", declarations(&fields)?) };
        let name = table_name(source)?;
        let external =
            format!("CREATE OR REPLACE EXTERNAL TABLE {name}{declared} OPTIONS({})", self.options(uris));
        run(warehouse, self.job("_files", external, context), context).await?;
        let select = if self.autodetect && fields.is_empty() && self.format() == "CSV" {
            detect::select(&name, fetch).await?
        } else {
            format!("SELECT * FROM {name}")
        };
        let load = QueryJob {
            destination_table: Some(shown(destination)),
            write_disposition: Some(self.write_disposition.unwrap_or(WriteDisposition::WriteAppend).into()),
            create_disposition: self.create_disposition.map(Into::into),
            ..self.job("", select, context)
        };
        let result = run(warehouse, load, context).await?;
        Ok(result.affected_rows.unwrap_or(result.total_rows))
    }

    fn format(&self) -> String {
        self.format.as_deref().unwrap_or("CSV").trim().to_ascii_uppercase()
    }

    /// The options of the external table.
    fn options(&self, uris: &[String]) -> String {
        let uris: Vec<_> = uris.iter().map(|uri| literal(uri)).collect();
        let mut options =
            vec![format!("format={}", literal(&self.format())), format!("uris=[{}]", uris.join(", "))];
        if self.ignore_unknown_values {
            options.push("ignore_unknown_values=true".to_owned());
        }
        if self.max_bad_records > 0 {
            options.push(format!("max_bad_records={}", self.max_bad_records));
        }
        if self.format() == "CSV" {
            let csv = &self.csv_options;
            // With type detection, the first line has the names.
            let skipped =
                csv.skip_leading_rows.unwrap_or(u64::from(self.autodetect && self.schema.is_none()));
            options.push(format!("skip_leading_rows={skipped}"));
            let texts = [
                ("field_delimiter", &csv.field_delimiter),
                ("quote", &csv.quote),
                ("encoding", &csv.encoding),
            ];
            for (name, text) in texts {
                options.extend(text.as_ref().map(|text| format!("{name}={}", literal(text))));
            }
            let flags = [
                ("allow_jagged_rows", csv.allow_jagged_rows),
                ("allow_quoted_newlines", csv.allow_quoted_new_lines),
            ];
            options.extend(
                flags.into_iter().filter(|(_, on)| *on == Some(true)).map(|(name, _)| format!("{name}=true")),
            );
        }
        options.join(", ")
    }
}

/// The query for the columns of the destination. It has no rows if the table does not exist. It is a job, so
/// that another delivery of the message gets the same answer after the table was created.
fn columns_of(destination: &TableReference) -> Result<String, TaskError> {
    let dataset = dataset_name(destination.project.as_deref(), &destination.dataset);
    Ok(format!(
        "SELECT column_name, data_type FROM {}.INFORMATION_SCHEMA.COLUMNS WHERE table_name = {} ORDER BY ordinal_position",
        quoted(&dataset)?,
        literal(&destination.table)
    ))
}

/// The columns in the result of this query.
fn columns(found: &QueryResult) -> Vec<Field> {
    let text = |row: &segue_model::Map, name: &str| {
        row.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let field = |row| Field {
        name: text(row, "column_name"),
        kind: text(row, "data_type"),
        mode: None,
        description: None,
        sub_fields: None,
    };
    found.rows.iter().map(field).collect()
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
        let csv = "id,price,day,name,ok\n1,2.5,2024-01-31,7,true\n2,,2024-02-01,x,false\n";
        let from = platform.ports.storage.put_text("a/x.csv", csv).await.unwrap();
        let task = json!({"from": from, "destinationTable": "d.x", "autodetect": true});
        let run = platform.run_attempt(1, Load::TYPE, task).await;
        assert_eq!(run.result.error, None);
        let first = json!({"id": 1, "price": 2.5, "day": "2024-01-31", "name": "7", "ok": true});
        assert_eq!(rows(&platform, 2, "d.x").await[0], first);
        let types: Vec<_> = platform.ports.warehouse.table_info("d", "x").await.unwrap().columns;
        let types: Vec<_> = types.iter().map(|column| column.data_type.as_str()).collect();
        assert_eq!(types, ["INT64", "FLOAT64", "DATE", "STRING", "BOOL"]);
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
