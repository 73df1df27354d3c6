//! `bigquery.TableMetadata`, and what is given out of a table.

use crate::connection::Connection;
use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::warehouse::{TableInfo, TableKind, WarehouseError};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Tells what a table is: its columns, rows and bytes.
///
/// ```yaml
/// id: facts
/// type: io.kestra.plugin.gcp.bigquery.TableMetadata
/// dataset: zoomcamp
/// table: yellow_tripdata
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableMetadata {
    /// Whose project, whose credentials, where.
    #[serde(flatten)]
    pub connection: Connection,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// What to do when there is no such table.
    #[serde(default)]
    pub if_not_exists: IfNotExists,
}

/// What to do when there is no such table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum IfNotExists {
    /// Fail.
    #[default]
    Error,
    /// Give nothing out.
    Skip,
}

/// What is given out of a table.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableOutput {
    /// The project, where one is named.
    pub project_id: Option<String>,
    /// The dataset.
    pub dataset_id: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// A text for people.
    pub description: Option<String>,
    /// Rows, for a table.
    pub num_rows: Option<u64>,
    /// Bytes, as far as the warehouse knows them.
    pub num_bytes: Option<u64>,
    /// What it is: `type`, and `schema` with its `fields`.
    pub definition: Option<Json>,
}

impl TableOutput {
    pub(crate) fn new(info: TableInfo, project_id: Option<String>) -> Self {
        let kind = match info.kind {
            TableKind::Table => "TABLE",
            TableKind::View => "VIEW",
            TableKind::External => "EXTERNAL",
        };
        Self {
            project_id,
            dataset_id: Some(info.dataset),
            table: Some(info.table),
            description: info.description,
            num_rows: info.rows,
            num_bytes: info.bytes,
            definition: Some(json!({
                "type": kind,
                "schema": {"fields": info.columns},
                "partitioning": info.partition_by,
                "clustering": info.cluster_by,
            })),
        }
    }
}

impl Task for TableMetadata {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.TableMetadata";
    type Output = TableOutput;

    async fn run(self, context: &TaskContext) -> Result<TableOutput, TaskError> {
        self.connection.mask(context);
        let warehouse = self.connection.warehouse(context)?;
        match warehouse.table_info(&self.dataset, &self.table).await {
            Ok(info) => Ok(TableOutput::new(info, self.connection.project())),
            Err(WarehouseError::NotFound { .. }) if self.if_not_exists == IfNotExists::Skip => {
                context.warn(format!("there is no table {}.{}", self.dataset, self.table));
                Ok(TableOutput::default())
            }
            Err(error) => Err(refusal(error, context)),
        }
    }
}
