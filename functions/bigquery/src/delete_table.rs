//! `bigquery.DeleteTable`.

use crate::connection::Connection;
use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Drops a table, view or external table.
///
/// ```yaml
/// id: drop
/// type: io.kestra.plugin.gcp.bigquery.DeleteTable
/// dataset: zoomcamp
/// table: yellow_tripdata_ext
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteTable {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
}

/// The outputs of `bigquery.DeleteTable`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The project. None if none is named.
    pub project_id: Option<String>,
    /// The dataset.
    pub dataset_id: String,
    /// The table.
    pub table: String,
}

impl Task for DeleteTable {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.DeleteTable";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        let warehouse = self.connection.warehouse(context)?;
        let deleted = warehouse.delete_table(&self.dataset, &self.table).await;
        deleted.map_err(|error| refusal(error, context))?;
        context.info(format!("the table {}.{} was dropped", self.dataset, self.table));
        Ok(Output { project_id: self.connection.project(), dataset_id: self.dataset, table: self.table })
    }
}
