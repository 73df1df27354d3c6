//! `bigquery.DeleteDataset`.

use crate::connection::Connection;
use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Drops a dataset.
///
/// ```yaml
/// id: drop
/// type: io.kestra.plugin.gcp.bigquery.DeleteDataset
/// name: scratch
/// deleteContents: true
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteDataset {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The dataset's name.
    pub name: String,
    /// Whether the dataset's tables are dropped too. If false, a dataset with tables is refused.
    #[serde(default)]
    pub delete_contents: bool,
}

/// The outputs of `bigquery.DeleteDataset`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The dataset's name.
    pub dataset: String,
}

impl Task for DeleteDataset {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.DeleteDataset";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        let warehouse = self.connection.warehouse(context)?;
        let deleted = warehouse.delete_dataset(&self.name, self.delete_contents).await;
        deleted.map_err(|error| refusal(error, context))?;
        context.info(format!("the dataset {} was dropped", self.name));
        Ok(Output { dataset: self.name })
    }
}
