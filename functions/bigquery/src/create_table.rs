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

/// Creates a table, a view, or a table whose rows are files.
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
    /// Whose project, whose credentials, where.
    #[serde(flatten)]
    pub connection: Connection,
    /// The project; that of the credentials unless given.
    pub project: Option<String>,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// What it is.
    #[serde(default)]
    pub table_definition: TableDefinition,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// A text for people.
    pub description: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whether a query must say which partitions it reads.
    pub require_partition_filter: Option<bool>,
    /// Read and not used: with which key the table is encrypted.
    pub encryption_configuration: Option<Json>,
    /// Read and not used: how long the table lives.
    pub expiration_duration: Option<String>,
}

/// What a table is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableDefinition {
    /// TABLE unless given, VIEW or EXTERNAL.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its columns.
    pub schema: Option<Schema>,
    /// How rows are laid out.
    #[serde(default)]
    pub standard_table_definition: StandardTable,
    /// What a view shows.
    pub view_definition: Option<View>,
    /// Which files.
    pub external_table_definition: Option<External>,
    /// Refused: results that are kept.
    pub materialized_view_definition: Option<Json>,
}

/// How rows are laid out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandardTable {
    /// Columns whose values lie together.
    #[serde(default)]
    pub clustering: Vec<String>,
    /// Partitions by time.
    pub time_partitioning: Option<TimePartitioning>,
    /// Refused: partitions by numbers.
    pub range_partitioning: Option<Json>,
}

/// Partitions by time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimePartitioning {
    /// DAY unless given, HOUR, MONTH or YEAR.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The column; the time of loading unless given.
    pub field: Option<String>,
    /// Read and not used: how long a partition lives.
    pub expiration: Option<Json>,
    /// Whether a query must say which partitions it reads.
    pub require_partition_filter: Option<bool>,
}

/// What a view shows.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct View {
    /// The query.
    pub query: String,
}

/// Which files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct External {
    /// `gs://bucket/key`, with `*` for any letters.
    pub source_uris: Vec<String>,
    /// CSV, JSON or PARQUET.
    #[serde(alias = "formatType")]
    pub source_format_type: Option<String>,
    /// Read and not used: columns that are not given are those of the files.
    pub autodetect: Option<bool>,
    /// Read and not used: it shows in the file's name.
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
        context.info(format!("the table {}.{} is there", self.dataset, self.table));
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

    /// PARTITION BY and CLUSTER BY.
    fn layout(&self) -> Result<String, TaskError> {
        let standard = &self.table_definition.standard_table_definition;
        if standard.range_partitioning.is_some() {
            return Err(TaskError::failed(
                "rangePartitioning is not applied here; write CREATE TABLE … PARTITION BY RANGE_BUCKET in a Query",
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

    /// A date stands for its day by itself; anything else is cut to the unit.
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
