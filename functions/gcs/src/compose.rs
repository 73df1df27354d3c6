//! `gcs.Compose`.

use crate::google::{Google, missing, object};
use crate::listing::{Choice, Filter};
use futures::TryStreamExt as _;
use schemars::JsonSchema;
use segue_ports::ObjectStore;
use segue_ports::object::{ObjectAddress, ObjectAttributes, ObjectInfo};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The limit of Google's own service.
const MAX_SOURCES: usize = 32;

/// Joins objects to one object, in the order of their names.
///
/// ```yaml
/// id: whole
/// type: io.kestra.plugin.gcp.gcs.Compose
/// list:
///   from: "gs://my-bucket/parts/"
/// to: "gs://my-bucket/whole.csv"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compose {
    /// The parts.
    pub list: Choice,
    /// The joined object: `gs://bucket/name`.
    pub to: String,
    /// Whether the task succeeds if there are no parts.
    #[serde(default)]
    pub allow_empty: bool,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The joined object. None if there were no parts.
    pub uri: Option<String>,
}

impl Task for Compose {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Compose";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let to = object("to", &self.to)?;
        let parts = self.list.blobs(&*objects, Filter::Files).await?;
        if parts.len() > MAX_SOURCES {
            return Err(TaskError::failed(format!(
                "{} objects match, and at most {MAX_SOURCES} can be joined at once; select fewer with regExp",
                parts.len()
            )));
        }
        if parts.is_empty() {
            if self.allow_empty {
                context.info(format!("there are no objects under {} to join", self.list.from));
                return Ok(Output { uri: None });
            }
            return Err(TaskError::failed(format!(
                "there are no objects under {} to join; set allowEmpty: true to allow this",
                self.list.from
            )));
        }
        let addresses: Vec<_> = parts.iter().map(|blob| blob.address()).collect();
        let joined = objects.compose(&addresses, &to).await;
        let info = match joined.map_err(|error| missing(error, "to", &to.to_string()))? {
            Some(info) => info,
            None => copied(&objects, addresses, &to).await?,
        };
        context.metric_counter("size", info.size as f64);
        context.info(format!("{} objects with {} bytes are in {to}", parts.len(), info.size));
        Ok(Output { uri: Some(to.to_string()) })
    }
}

/// Joins objects that the store cannot join itself: their bytes pass through this process.
async fn copied(
    objects: &Arc<dyn ObjectStore>,
    parts: Vec<ObjectAddress>,
    to: &ObjectAddress,
) -> Result<ObjectInfo, TaskError> {
    let reading = objects.clone();
    let whole = futures::stream::iter(parts.into_iter().map(Ok))
        .and_then(move |address| {
            let reading = reading.clone();
            async move { Ok(reading.get(&address).await?.1) }
        })
        .try_flatten();
    let put = objects.put(to, Box::pin(whole), ObjectAttributes::default()).await;
    put.map_err(|error| missing(error, "to", &to.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn parts_become_a_whole() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let task = json!({"type": "io.kestra.plugin.gcp.gcs.Compose", "list": {"from": "gs://b-1/p/"},
            "to": "gs://b-1/whole"});
        assert!(platform.run(task.clone()).await.error().contains("allowEmpty"));
        let mut lenient = task.clone();
        lenient["allowEmpty"] = json!(true);
        assert!(platform.run(lenient).await.outputs().is_empty());
        for (name, text) in [("p/2", "b\n"), ("p/1", "a\n"), ("p/3", "")] {
            platform.put(&format!("gs://b-1/{name}"), text.as_bytes()).await;
        }
        assert_eq!(platform.run(task.clone()).await.outputs()["uri"], "gs://b-1/whole");
        assert_eq!(platform.get("gs://b-1/whole").await, b"a\nb\n");
        for i in 0..40 {
            platform.put(&format!("gs://b-1/p/x{i}"), b"").await;
        }
        assert!(platform.run(task).await.error().contains("32"));
    }
}
