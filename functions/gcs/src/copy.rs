//! `gcs.Copy`.

use crate::google::{Google, missing, object};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Copies an object, or moves it.
///
/// ```yaml
/// id: archive
/// type: io.kestra.plugin.gcp.gcs.Copy
/// from: "gs://my-bucket/incoming/trips.csv"
/// to: "gs://my-bucket/archive/trips.csv"
/// delete: true
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// The object: `gs://bucket/name`.
    pub from: String,
    /// The new object: `gs://bucket/name`.
    pub to: String,
    /// Whether the source is removed afterwards.
    #[serde(default)]
    pub delete: bool,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The new object.
    pub uri: String,
    /// The size in bytes.
    pub size: u64,
}

impl Task for Copy {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Copy";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let (from, to) = (object("from", &self.from)?, object("to", &self.to)?);
        if from == to {
            return Err(TaskError::failed(format!(
                "from and to are both {from}; an object is not copied onto itself"
            )));
        }
        let info = if self.delete && objects.head(&from).await?.is_none() {
            // A run of this attempt that crashed may already have moved the object.
            let moved =
                objects.head(&to).await?.filter(|info| info.updated >= context.message().dispatched_at);
            moved.ok_or_else(|| TaskError::failed(format!("from: {from} was not found")))?
        } else {
            objects.copy(&from, &to, None).await.map_err(|error| missing(error, "from", &from.to_string()))?
        };
        if self.delete {
            objects.delete(&from).await?;
        }
        context.metric_counter("file.size", info.size as f64);
        context.info(format!("{} bytes of {from} are in {to}", info.size));
        Ok(Output { uri: to.to_string(), size: info.size })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.gcp.gcs.Copy";

    #[tokio::test]
    async fn an_object_is_copied_or_moved() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        platform.create_bucket("b-2").await;
        platform.put("gs://b-1/a", b"1").await;
        let outputs =
            platform.run(json!({"type": TYPE, "from": "gs://b-1/a", "to": "gs://b-2/b"})).await.outputs();
        assert_eq!(outputs["uri"], "gs://b-2/b");
        assert!(platform.head("gs://b-1/a").await.is_some());
        let moved = json!({"type": TYPE, "from": "gs://b-1/a", "to": "gs://b-2/c", "delete": true});
        platform.run(moved.clone()).await.outputs();
        assert!(platform.head("gs://b-1/a").await.is_none());
        assert_eq!(platform.get("gs://b-2/c").await, b"1");
        assert!(
            platform.run(moved.clone()).await.error().contains("gs://b-1/a"),
            "an older object is not this run's"
        );
        assert_eq!(platform.run_as_dispatched_long_ago(moved).await.outputs()["uri"], "gs://b-2/c");
    }

    #[tokio::test]
    async fn onto_itself_and_from_nothing_are_refused() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let error =
            platform.run(json!({"type": TYPE, "from": "gs://b-1/a", "to": "gs://b-1/a"})).await.error();
        assert!(error.contains("onto itself"), "{error}");
        let error =
            platform.run(json!({"type": TYPE, "from": "gs://b-1/a", "to": "gs://b-1/b"})).await.error();
        assert!(error.contains("gs://b-1/a"), "{error}");
    }
}
