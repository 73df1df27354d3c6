//! `gcs.DeleteBucket`.

use crate::google::Google;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Removes an empty bucket.
///
/// ```yaml
/// id: remove
/// type: io.kestra.plugin.gcp.gcs.DeleteBucket
/// name: "my-bucket"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteBucket {
    /// Its name.
    pub name: String,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Its name.
    pub bucket: String,
}

impl Task for DeleteBucket {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.DeleteBucket";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        objects.delete_bucket(&self.name).await?;
        context.info(format!("the bucket {} was removed", self.name));
        Ok(Output { bucket: self.name })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn only_an_empty_bucket_goes() {
        let platform = Platform::new();
        let task = json!({"type": "io.kestra.plugin.gcp.gcs.DeleteBucket", "name": "b-1"});
        platform.create_bucket("b-1").await;
        platform.put("gs://b-1/x", b"x").await;
        platform.run(task.clone()).await.error();
        platform.delete("gs://b-1/x").await;
        assert_eq!(platform.run(task.clone()).await.outputs()["bucket"], "b-1");
        assert!(platform.run(task).await.error().contains("b-1"));
    }
}
