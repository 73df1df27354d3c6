//! `gcs.Upload`: a file of internal storage becomes an object of a bucket.

use crate::google::{Google, missing, object};
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::PortError;
use segue_ports::object::ObjectAttributes;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Copies a file of internal storage into a bucket. The store makes the copy itself. An existing object is
/// replaced.
///
/// ```yaml
/// id: upload
/// type: io.kestra.plugin.gcp.gcs.Upload
/// from: "{{ outputs.extract.outputFiles['trips.csv'] }}"
/// to: "gs://{{ kv('GCP_BUCKET_NAME') }}/trips.csv"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// The file: `kestra:///…`.
    pub from: String,
    /// The object: `gs://bucket/name`.
    pub to: String,
    /// `text/csv`, …
    pub content_type: Option<String>,
    /// `gzip`, …
    pub content_encoding: Option<String>,
    /// `attachment; …`
    pub content_disposition: Option<String>,
    /// `no-store`, …
    pub cache_control: Option<String>,
    /// Any keys and values.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Accepted, and has no effect: the store checks its own copies.
    pub validate_checksum: Option<Json>,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// `gs://bucket/name`.
    pub uri: String,
    /// The size in bytes.
    pub size: u64,
}

impl Task for Upload {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Upload";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let from = context.storage().admitted(self.from.trim()).await?;
        let to = object("to", &self.to)?;
        let attributes = ObjectAttributes {
            content_type: self.content_type,
            content_encoding: self.content_encoding,
            content_disposition: self.content_disposition,
            cache_control: self.cache_control,
            metadata: self.metadata,
        };
        let attributes = (attributes != ObjectAttributes::default()).then_some(attributes);
        let copied = objects.copy(&from, &to, attributes).await;
        let info = match copied {
            Ok(info) => info,
            Err(error @ PortError::NotFound { .. }) => {
                // Which of the two is missing decides what to do.
                let there = context.ports().objects.head(&from).await?.is_some();
                let (property, uri) = if there { ("to", self.to.trim()) } else { ("from", self.from.trim()) };
                return Err(missing(error, property, uri));
            }
            Err(error) => return Err(error.into()),
        };
        context.metric_counter("file.size", info.size as f64);
        context.info(format!("{} bytes of {} are in {to}", info.size, self.from.trim()));
        Ok(Output { uri: to.to_string(), size: info.size })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.gcp.gcs.Upload";

    #[tokio::test]
    async fn bytes_and_attributes_arrive_exactly_and_again() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let from = platform.store("e/x.bin", &bytes).await;
        let task = json!({"type": TYPE, "from": from, "to": "gs://b-1/deep/mit Leerzeichen ü.bin",
            "contentType": "text/csv", "metadata": {"a": "b"}});
        for _ in 0..2 {
            let outputs = platform.run(task.clone()).await.outputs();
            assert_eq!(outputs["uri"], "gs://b-1/deep/mit Leerzeichen ü.bin");
            assert_eq!(outputs["size"], 70_000);
        }
        assert_eq!(platform.get("gs://b-1/deep/mit Leerzeichen ü.bin").await, bytes);
        let info = platform.head("gs://b-1/deep/mit Leerzeichen ü.bin").await.unwrap();
        assert_eq!(info.attributes.content_type.as_deref(), Some("text/csv"));
        assert_eq!(info.attributes.metadata["a"], "b");
    }

    #[tokio::test]
    async fn an_empty_file_is_a_file() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let from = platform.store("e/empty", b"").await;
        platform.run(json!({"type": TYPE, "from": from, "to": "gs://b-1/empty"})).await.outputs();
        assert_eq!(platform.get("gs://b-1/empty").await, b"");
    }

    #[tokio::test]
    async fn a_missing_file_or_bucket_is_named() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let from = platform.store("e/x", b"x").await;
        let error = platform
            .run(json!({"type": TYPE, "from": "kestra:///no/thing", "to": "gs://b-1/x"}))
            .await
            .error();
        assert!(error.contains("kestra:///no/thing"), "{error}");
        let error =
            platform.run(json!({"type": TYPE, "from": from, "to": "gs://no-such-bucket/x"})).await.error();
        assert!(error.contains("no-such-bucket"), "{error}");
        for (from, to) in [
            (from.as_str(), "b-1/x"),
            (&from, "gs://b-1"),
            (&from, "gs://b-1/"),
            ("/etc/passwd", "gs://b-1/x"),
        ] {
            platform.run(json!({"type": TYPE, "from": from, "to": to})).await.error();
        }
    }
}
