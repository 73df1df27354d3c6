//! `bigquery.CreateDataset`.

use crate::connection::Connection;
use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::warehouse::{self, DatasetInfo, WarehouseError};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Creates a dataset.
///
/// ```yaml
/// id: dataset
/// type: io.kestra.plugin.gcp.bigquery.CreateDataset
/// name: "{{ kv('GCP_DATASET') }}"
/// ifExists: SKIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDataset {
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub connection: Connection,
    /// The dataset's name.
    pub name: String,
    /// What to do if it exists.
    #[serde(default)]
    pub if_exists: IfExists,
    /// A description for people.
    pub description: Option<String>,
    /// A display name for people.
    pub friendly_name: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Accepted, and has no effect: access rights.
    pub acl: Option<Json>,
    /// Accepted, and has no effect: the lifetime of tables, in milliseconds.
    pub default_table_lifetime: Option<u64>,
    /// Accepted, and has no effect: the lifetime of partitions, in milliseconds.
    pub default_partition_expiration_ms: Option<u64>,
    /// Accepted, and has no effect: the key that encrypts tables.
    pub default_encryption_configuration: Option<Json>,
}

/// What to do if the dataset exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum IfExists {
    /// Fail.
    #[default]
    Error,
    /// Change its description, labels and other settings.
    Update,
    /// Leave it unchanged.
    Skip,
}

/// The outputs of `bigquery.CreateDataset`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The dataset's name.
    pub dataset: String,
    /// Its project.
    pub project: Option<String>,
    /// A display name for people.
    pub friendly_name: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// The location of its data.
    pub location: Option<String>,
}

impl Task for CreateDataset {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.CreateDataset";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        self.connection.mask(context);
        for (given, name) in [
            (self.acl.is_some(), "acl"),
            (self.default_table_lifetime.is_some(), "defaultTableLifetime"),
            (self.default_partition_expiration_ms.is_some(), "defaultPartitionExpirationMs"),
            (self.default_encryption_configuration.is_some(), "defaultEncryptionConfiguration"),
        ] {
            if given {
                context.warn(format!("the property {name} has no effect"));
            }
        }
        let request = warehouse::CreateDataset {
            name: self.name,
            project: self.connection.project(),
            location: self.connection.location(),
            if_exists: match self.if_exists {
                IfExists::Error => warehouse::IfExists::Error,
                IfExists::Update => warehouse::IfExists::Update,
                IfExists::Skip => warehouse::IfExists::Skip,
            },
            description: self.description,
            friendly_name: self.friendly_name,
            labels: self.labels,
        };
        let warehouse = self.connection.warehouse(context)?;
        let info = match warehouse.create_dataset(request.clone()).await {
            Err(error @ WarehouseError::AlreadyExists { .. }) => {
                let look = warehouse::CreateDataset { if_exists: warehouse::IfExists::Skip, ..request };
                let found = warehouse.create_dataset(look).await.map_err(|error| refusal(error, context))?;
                // The dataset was created after this attempt was dispatched, so a crashed run of this attempt
                // created it.
                if found.created_at.is_none_or(|at| at < context.message().dispatched_at) {
                    return Err(refusal(error, context));
                }
                DatasetInfo { created: true, ..found }
            }
            other => other.map_err(|error| refusal(error, context))?,
        };
        let what = match (info.created, info.updated) {
            (true, _) => "was created",
            (false, true) => "existed and was changed",
            (false, false) => "exists already",
        };
        context.info(format!("the dataset {} {what}", info.dataset));
        Ok(Output {
            dataset: info.dataset,
            project: info.project,
            friendly_name: info.friendly_name,
            description: info.description,
            location: info.location,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

    use super::*;
    use crate::delete_dataset::DeleteDataset;
    use crate::delete_table::DeleteTable;
    use crate::query::Query;
    use crate::table_metadata::TableMetadata;
    use crate::testing::Platform;
    use segue_model::state::State;
    use serde_json::json;

    #[tokio::test]
    async fn a_dataset_is_created_once_and_goes_with_its_tables() {
        let platform = Platform::new();
        let create = |if_exists: &str| json!({"name": "trips", "location": "EU", "ifExists": if_exists});
        let run = platform.run(CreateDataset::TYPE, create("ERROR")).await;
        assert_eq!(run.result.error, None);
        assert_eq!(
            (&run.result.outputs["dataset"], &run.result.outputs["location"]),
            (&json!("trips"), &json!("EU"))
        );
        assert!(run.log_text().contains("trips was created"), "{}", run.log_text());
        let run = platform.run(CreateDataset::TYPE, create("SKIP")).await;
        assert!(run.log_text().contains("exists already"), "{}", run.log_text());
        let run = platform.run(CreateDataset::TYPE, create("ERROR")).await;
        assert!(run.result.error.unwrap().starts_with("Already Exists"));
        // The crashed run created the dataset, but did not report its result. Its message is delivered again.
        let before = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5);
        let run = platform.run_sent_at(before, CreateDataset::TYPE, create("ERROR")).await;
        assert_eq!(run.result.error, None);
        assert!(run.log_text().contains("trips was created"), "{}", run.log_text());

        platform.run(Query::TYPE, json!({"sql": "CREATE TABLE trips.t AS SELECT 1 AS id"})).await;
        let table = json!({"dataset": "trips", "table": "t"});
        let run = platform.run(TableMetadata::TYPE, table.clone()).await;
        assert_eq!(run.result.outputs["numRows"], 1);
        assert_eq!(run.result.outputs["definition"]["schema"]["fields"][0]["name"], "id");
        let run = platform.run(DeleteDataset::TYPE, json!({"name": "trips"})).await;
        assert_eq!(run.result.state, State::Failed, "there is a table in it");
        assert_eq!(platform.run(DeleteTable::TYPE, table.clone()).await.result.outputs["table"], "t");
        let mut absent = table;
        absent["ifNotExists"] = json!("SKIP");
        assert_eq!(platform.run(TableMetadata::TYPE, absent).await.result.state, State::Success);
        let run = platform.run(DeleteDataset::TYPE, json!({"name": "trips", "deleteContents": "true"})).await;
        assert_eq!(run.result.outputs["dataset"], "trips");
    }
}
