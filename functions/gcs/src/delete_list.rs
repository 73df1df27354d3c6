//! `gcs.DeleteList`.

use crate::google::Google;
use crate::listing::{Choice, Filter};
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The default number of objects removed at the same time.
const AT_ONCE: usize = 8;

/// Removes all objects that match.
///
/// ```yaml
/// id: clean
/// type: io.kestra.plugin.gcp.gcs.DeleteList
/// from: "gs://my-bucket/temporary/"
/// listingType: RECURSIVE
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteList {
    /// The objects to remove.
    #[serde(flatten)]
    pub choice: Choice,
    /// Objects or folders. Only objects are removed, because a folder disappears with its last object.
    #[serde(default)]
    pub filter: Filter,
    /// The number of objects removed at the same time.
    pub concurrent: Option<usize>,
    /// Whether the task fails if nothing matches.
    #[serde(default)]
    pub error_on_empty: bool,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Objects removed.
    pub count: u64,
    /// The sum of their sizes, in bytes.
    pub size: u64,
}

impl Task for DeleteList {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.DeleteList";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let blobs = match self.filter {
            Filter::Directory => Vec::new(),
            Filter::Files | Filter::Both => self.choice.blobs(&*objects, Filter::Files).await?,
        };
        if blobs.is_empty() && self.error_on_empty {
            return Err(TaskError::failed(format!(
                "no object under {} matches, and errorOnEmpty is true",
                self.choice.from
            )));
        }
        let (count, size) = (blobs.len() as u64, blobs.iter().map(|blob| blob.size).sum());
        let objects = &objects;
        futures::stream::iter(blobs)
            .map(Ok::<_, TaskError>)
            .try_for_each_concurrent(self.concurrent.unwrap_or(AT_ONCE).max(1), |blob| async move {
                objects.delete(&blob.address()).await?;
                Ok(())
            })
            .await?;
        context.metric_counter("count", count as f64);
        context.metric_counter("size", size as f64);
        context.info(format!("{count} objects with {size} bytes were removed"));
        Ok(Output { count, size })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn what_matches_goes_and_is_counted() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for name in ["t/a.csv", "t/b.txt", "t/deep/c.csv", "keep.csv"] {
            platform.put(&format!("gs://b-1/{name}"), b"123").await;
        }
        let task = json!({"type": "io.kestra.plugin.gcp.gcs.DeleteList", "from": "gs://b-1/t/",
            "listingType": "RECURSIVE", "regExp": ".*csv", "errorOnEmpty": true});
        let outputs = platform.run(task.clone()).await.outputs();
        assert_eq!((outputs["count"].clone(), outputs["size"].clone()), (json!(2), json!(6)));
        assert!(platform.head("gs://b-1/t/b.txt").await.is_some());
        assert!(platform.head("gs://b-1/keep.csv").await.is_some());
        assert!(platform.run(task).await.error().contains("errorOnEmpty"));
    }
}
