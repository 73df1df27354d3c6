//! `bigquery.CreateTable`.

use crate::connection::Connection;
use crate::job::{job, run};
use crate::refusal::refusal;
use crate::sql::{Schema, dataset_name, declarations, literal, quoted, table_name};
use crate::table_metadata::TableOutput;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::warehouse::TableReference;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Creates a table, a view, or an external table, which reads files.
///
/// ```yaml
/// id: trips
/// type: io.kestra.plugin.gcp.bigquery.CreateTable
/// dataset: zoomcamp
/// table: trips
/// tableDefinition:
///   type: TABLE
///   schema:
///     fields:
///       - { name: id, type: INTEGER, mode: REQUIRED }
///       - { name: pickup, type: TIMESTAMP }
///   standardTableDefinition:
///     timePartitioning: { type: DAY, field: pickup }
///     clustering: [id]
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateTable {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The project. Default: the project of the credentials.
    pub project: Option<String>,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// The kind of table, with its columns.
    #[serde(default)]
    pub table_definition: TableDefinition,
    /// A display name for people.
    pub friendly_name: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether a query must name the partitions it reads.
    pub require_partition_filter: Option<bool>,
    /// Accepted, and has no effect: the key that encrypts the table.
    pub encryption_configuration: Option<Json>,
    /// Accepted, and has no effect: the lifetime of the table.
    pub expiration_duration: Option<String>,
}

/// The definition of a table.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableDefinition {
    /// TABLE (default), VIEW or EXTERNAL.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its columns.
    pub schema: Option<Schema>,
    /// The layout of rows.
    #[serde(default)]
    pub standard_table_definition: StandardTable,
    /// The query of a view.
    pub view_definition: Option<View>,
    /// The files of an external table.
    pub external_table_definition: Option<External>,
    /// Refused: materialized views cannot be created.
    pub materialized_view_definition: Option<Json>,
}

/// The layout of rows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandardTable {
    /// Columns to cluster by: rows with equal values are stored together.
    #[serde(default)]
    pub clustering: Vec<String>,
    /// Partitions by time.
    pub time_partitioning: Option<TimePartitioning>,
    /// Refused: partitions by number.
    pub range_partitioning: Option<Json>,
}

/// Partitions by time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimePartitioning {
    /// DAY (default), HOUR, MONTH or YEAR.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The column to partition by. Default: the time of loading.
    pub field: Option<String>,
    /// Accepted, and has no effect: the lifetime of a partition.
    pub expiration: Option<Json>,
    /// Whether a query must name the partitions it reads.
    pub require_partition_filter: Option<bool>,
}

/// The query of a view.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct View {
    /// The query.
    pub query: String,
}

/// The files of an external table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct External {
    /// `gs://bucket/key`, with `*` for any characters.
    pub source_uris: Vec<String>,
    /// CSV, JSON or PARQUET.
    #[serde(alias = "formatType")]
    pub source_format_type: Option<String>,
    /// Accepted, and has no effect: missing columns are always detected from the files.
    pub autodetect: Option<bool>,
    /// Accepted, and has no effect: the compression follows from the file's name.
    pub compression: Option<String>,
}

impl Task for CreateTable {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.CreateTable";
    type Output = TableOutput;

    async fn run(self, context: &TaskContext) -> Result<TableOutput, TaskError> {
        self.connection.mask(context);
        let warehouse = self.connection.warehouse(context)?;
        let job = job(self.statement()?, &self.connection, &BTreeMap::new(), context);
        run(&*warehouse, job, context).await?;
        context.info(format!("the table {}.{} was created", self.dataset, self.table));
        let dataset = dataset_name(self.project().as_deref(), &self.dataset);
        let info = warehouse.table_info(&dataset, &self.table).await;
        let info = info.map_err(|error| refusal(error, context))?;
        Ok(TableOutput::new(info, self.project()))
    }
}

impl CreateTable {
    fn project(&self) -> Option<String> {
        self.project.clone().filter(|name| !name.trim().is_empty()).or_else(|| self.connection.project())
    }

    fn statement(&self) -> Result<String, TaskError> {
        let table = TableReference {
            project: self.project(),
            dataset: self.dataset.clone(),
            table: self.table.clone(),
        };
        let (name, definition) = (table_name(&table)?, &self.table_definition);
        let columns = match &definition.schema {
            Some(schema) if !schema.fields.is_empty() => format!(" ({})", declarations(&schema.fields)?),
            _ => String::new(),
        };
        let missing = |what: &str| TaskError::failed(format!("tableDefinition has no {what}"));
        match definition.kind.as_deref().unwrap_or("TABLE").trim().to_ascii_uppercase().as_str() {
            "TABLE" if columns.is_empty() => Err(missing("schema.fields, the columns of the table")),
            "TABLE" => {
                Ok(format!("CREATE TABLE {name}{columns}{}{}", self.layout()?, self.options(Vec::new())))
            }
            "VIEW" => {
                let view =
                    definition.view_definition.as_ref().ok_or_else(|| missing("viewDefinition.query"))?;
                Ok(format!("CREATE VIEW {name}{} AS {}", self.options(Vec::new()), view.query))
            }
            "EXTERNAL" => {
                let files = definition
                    .external_table_definition
                    .as_ref()
                    .ok_or_else(|| missing("externalTableDefinition"))?;
                let uris: Vec<_> = files.source_uris.iter().map(|uri| literal(uri)).collect();
                let own = vec![
                    format!("format={}", literal(files.source_format_type.as_deref().unwrap_or("CSV"))),
                    format!("uris=[{}]", uris.join(", ")),
                ];
                Ok(format!("CREATE EXTERNAL TABLE {name}{columns}{}", self.options(own)))
            }
            other => Err(TaskError::failed(format!(
                "tableDefinition.type is '{other}'; TABLE, VIEW and EXTERNAL can be created"
            ))),
        }
    }

    /// The clauses PARTITION BY and CLUSTER BY.
    fn layout(&self) -> Result<String, TaskError> {
        let standard = &self.table_definition.standard_table_definition;
        if standard.range_partitioning.is_some() {
            return Err(TaskError::failed(
                "rangePartitioning is not supported; write CREATE TABLE … PARTITION BY RANGE_BUCKET in a Query",
            ));
        }
        let mut layout = String::new();
        if let Some(partitions) = &standard.time_partitioning {
            let unit = partitions.kind.as_deref().unwrap_or("DAY").trim().to_ascii_uppercase();
            if !matches!(unit.as_str(), "DAY" | "HOUR" | "MONTH" | "YEAR") {
                return Err(TaskError::failed(format!(
                    "timePartitioning.type is '{unit}'; write DAY, HOUR, MONTH or YEAR"
                )));
            }
            layout
                .push_str(&format!(" PARTITION BY {}", self.partition(partitions.field.as_deref(), &unit)?));
        }
        if !standard.clustering.is_empty() {
            let columns =
                standard.clustering.iter().map(|name| quoted(name)).collect::<Result<Vec<_>, _>>()?;
            layout.push_str(&format!(" CLUSTER BY {}", columns.join(", ")));
        }
        Ok(layout)
    }

    /// A date column is the partition itself. Other columns are truncated to the unit.
    fn partition(&self, field: Option<&str>, unit: &str) -> Result<String, TaskError> {
        let Some(field) = field else { return Ok("_PARTITIONDATE".to_owned()) };
        let column = quoted(field)?;
        let fields = self.table_definition.schema.iter().flat_map(|schema| &schema.fields);
        let kind = fields
            .filter(|known| known.name.eq_ignore_ascii_case(field))
            .find_map(|known| known.data_type().ok());
        Ok(match (kind.as_deref(), unit) {
            (Some("DATE"), "DAY") => column,
            (Some("DATE"), unit) => format!("DATE_TRUNC({column}, {unit})"),
            (Some("DATETIME"), unit) => format!("DATETIME_TRUNC({column}, {unit})"),
            (_, "DAY") => format!("DATE({column})"),
            (_, unit) => format!("TIMESTAMP_TRUNC({column}, {unit})"),
        })
    }

    fn options(&self, mut options: Vec<String>) -> String {
        let standard = &self.table_definition.standard_table_definition;
        let filter =
            standard.time_partitioning.as_ref().and_then(|partitions| partitions.require_partition_filter);
        if self.require_partition_filter.or(filter) == Some(true) {
            options.push("require_partition_filter=true".to_owned());
        }
        for (name, text) in [("friendly_name", &self.friendly_name), ("description", &self.description)] {
            options.extend(text.as_ref().map(|text| format!("{name}={}", literal(text))));
        }
        if !self.labels.is_empty() {
            let labels: Vec<_> = self
                .labels
                .iter()
                .map(|(key, value)| format!("({}, {})", literal(key), literal(value)))
                .collect();
            options.push(format!("labels=[{}]", labels.join(", ")));
        }
        if options.is_empty() { String::new() } else { format!(" OPTIONS({})", options.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn a_table_is_made_as_defined() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let task = json!({"dataset": "d", "table": "t", "description": "it's", "labels": {"a": "b"},
            "tableDefinition": {"type": "TABLE",
                "schema": {"fields": [{"name": "id", "type": "INTEGER", "mode": "REQUIRED"}, {"name": "at", "type": "TIMESTAMP"}]},
                "standardTableDefinition": {"clustering": ["id"], "timePartitioning": {"type": "DAY", "field": "at"}}}});
        let run = platform.run(CreateTable::TYPE, task.clone()).await;
        assert_eq!(run.result.error, None);
        let outputs = &run.result.outputs;
        assert_eq!((&outputs["datasetId"], &outputs["table"]), (&json!("d"), &json!("t")));
        assert_eq!((&outputs["description"], &outputs["numRows"]), (&json!("it's"), &json!(0)));
        let definition = &outputs["definition"];
        assert_eq!(definition["schema"]["fields"][0]["mode"], "REQUIRED");
        assert_eq!(definition["clustering"], json!(["id"]));
        assert!(definition["partitioning"].as_str().unwrap().contains("at"), "{definition}");
        let again = platform.run_attempt(1, CreateTable::TYPE, task).await;
        assert!(again.result.error.unwrap().contains("Already Exists"));
    }

    #[tokio::test]
    async fn views_and_what_is_missing() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let view = json!({"dataset": "d", "table": "v",
            "tableDefinition": {"type": "VIEW", "viewDefinition": {"query": "SELECT 1 AS one"}}});
        let run = platform.run(CreateTable::TYPE, view).await;
        assert_eq!(run.result.error, None);
        assert_eq!(run.result.outputs["definition"]["type"], "VIEW");
        for (attempt, definition, part) in [
            (1, json!({}), "schema.fields"),
            (2, json!({"type": "VIEW"}), "viewDefinition.query"),
            (3, json!({"type": "MATERIALIZED_VIEW"}), "MATERIALIZED_VIEW"),
        ] {
            let task = json!({"dataset": "d", "table": "x", "tableDefinition": definition});
            let error = platform.run_attempt(attempt, CreateTable::TYPE, task).await.result.error.unwrap();
            assert!(error.contains(part), "{error}");
        }
    }
}
