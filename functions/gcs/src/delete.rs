//! `gcs.Delete`.

use crate::google::{Google, object};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Removes an object.
///
/// ```yaml
/// id: remove
/// type: io.kestra.plugin.gcp.gcs.Delete
/// uri: "gs://my-bucket/trips.csv"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delete {
    /// The object: `gs://bucket/name`.
    pub uri: String,
    /// Whether the task fails if the object does not exist.
    #[serde(default)]
    pub error_on_missing: bool,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The object.
    pub uri: String,
    /// Whether the object existed.
    pub deleted: bool,
}

impl Task for Delete {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Delete";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let address = object("uri", &self.uri)?;
        let deleted = objects.delete(&address).await?;
        if !deleted && self.error_on_missing {
            return Err(TaskError::failed(format!("{address} was not found, and errorOnMissing is true")));
        }
        context.info(format!("{address} {}", if deleted { "was removed" } else { "did not exist" }));
        Ok(Output { uri: address.to_string(), deleted })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.gcp.gcs.Delete";

    #[tokio::test]
    async fn a_missing_object_is_a_failure_only_if_asked_for() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        platform.put("gs://b-1/a", b"1").await;
        let task = json!({"type": TYPE, "uri": "gs://b-1/a"});
        assert_eq!(platform.run(task.clone()).await.outputs()["deleted"], true);
        assert_eq!(platform.run(task).await.outputs()["deleted"], false);
        let strict = json!({"type": TYPE, "uri": "gs://b-1/a", "errorOnMissing": "true"});
        assert!(platform.run(strict).await.error().contains("gs://b-1/a"));
    }
}
