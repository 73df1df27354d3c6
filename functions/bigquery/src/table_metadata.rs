//! `bigquery.TableMetadata`, and the description of a table in outputs.

use crate::connection::Connection;
use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::warehouse::{TableInfo, TableKind, WarehouseError};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Describes a table: its columns, rows and bytes.
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
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// What to do if there is no such table.
    #[serde(default)]
    pub if_not_exists: IfNotExists,
}

/// What to do if there is no such table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum IfNotExists {
    /// Fail.
    #[default]
    Error,
    /// The task succeeds without outputs.
    Skip,
}

/// The description of a table in outputs.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableOutput {
    /// The project. None if none is named.
    pub project_id: Option<String>,
    /// The dataset.
    pub dataset_id: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// The number of rows. None for a view or an external table.
    pub num_rows: Option<u64>,
    /// The size in bytes. None if the warehouse does not know it.
    pub num_bytes: Option<u64>,
    /// The definition: `type`, and `schema` with its `fields`.
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
                context.warn(format!("the table {}.{} does not exist", self.dataset, self.table));
                Ok(TableOutput::default())
            }
            Err(error) => Err(refusal(error, context)),
        }
    }
}
