//! `gcs.UpdateBucket`.

use crate::create_bucket::{BucketProperties, Output};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Changes a bucket's class and labels.
///
/// ```yaml
/// id: label
/// type: io.kestra.plugin.gcp.gcs.UpdateBucket
/// name: "my-bucket"
/// labels:
///   team: data
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateBucket {
    /// The new settings of the bucket.
    #[serde(flatten)]
    pub properties: BucketProperties,
}

impl Task for UpdateBucket {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.UpdateBucket";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.properties.google.objects(context)?;
        let info = objects.update_bucket(self.properties.spec()).await?;
        context.info(format!("the bucket {} was changed", info.name));
        Ok(Output::from_info(info, false, true))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn labels_change_and_a_missing_bucket_is_named() {
        let platform = Platform::new();
        let task =
            json!({"type": "io.kestra.plugin.gcp.gcs.UpdateBucket", "name": "b-1", "labels": {"a": "b"}});
        assert!(platform.run(task.clone()).await.error().contains("b-1"));
        platform.create_bucket("b-1").await;
        let outputs = platform.run(task).await.outputs();
        assert_eq!((outputs["updated"].clone(), outputs["labels"].clone()), (json!(true), json!({"a": "b"})));
    }
}
