//! `gcs.Download`: an object becomes a file of internal storage.

use crate::google::{Google, missing, object};
use schemars::JsonSchema;
use segue_files::path::{last_part, storage_name};
use segue_ports::object::ObjectAddress;
use segue_ports::{InternalStorage, ObjectStore};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Copies an object into internal storage. The store makes the copy itself.
///
/// ```yaml
/// id: download
/// type: io.kestra.plugin.gcp.gcs.Download
/// from: "gs://my-bucket/trips.csv"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The object: `gs://bucket/name`.
    pub from: String,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The bucket.
    pub bucket: String,
    /// The object's name.
    pub path: String,
    /// The file: `kestra:///…`.
    pub uri: String,
    /// The size in bytes.
    pub size: u64,
}

/// Copies an object to a file of this task run.
pub(crate) async fn fetch(
    context: &TaskContext,
    objects: &dyn ObjectStore,
    from: &ObjectAddress,
    name: &str,
) -> Result<(String, u64), TaskError> {
    let uri = InternalStorage::uri(&context.storage_path(&storage_name(name)));
    let to = context.storage().address(&uri)?;
    let info =
        objects.copy(from, &to, None).await.map_err(|error| missing(error, "from", &from.to_string()))?;
    Ok((uri, info.size))
}

impl Task for Download {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Download";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let from = object("from", &self.from)?;
        let (uri, size) = fetch(context, &*objects, &from, last_part(&from.key)).await?;
        context.metric_counter("file.size", size as f64);
        context.info(format!("{size} bytes of {from} are in {uri}"));
        Ok(Output { bucket: from.bucket, path: from.key, uri, size })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.gcp.gcs.Download";

    #[tokio::test]
    async fn an_object_becomes_a_file() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        platform.put("gs://b-1/a/x.csv", b"a\r\n\x00").await;
        let outputs = platform.run(json!({"type": TYPE, "from": "gs://b-1/a/x.csv"})).await.outputs();
        assert_eq!((outputs["bucket"].clone(), outputs["path"].clone()), (json!("b-1"), json!("a/x.csv")));
        let uri = outputs["uri"].as_str().unwrap();
        assert!(uri.starts_with("kestra:///") && uri.ends_with("/x.csv"), "{uri}");
        assert_eq!(platform.stored(uri).await, b"a\r\n\x00");
    }

    #[tokio::test]
    async fn a_missing_object_is_named() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let error = platform.run(json!({"type": TYPE, "from": "gs://b-1/nothing"})).await.error();
        assert!(error.contains("gs://b-1/nothing"), "{error}");
    }
}
