//! `storage.Concat`.

use crate::draft::named_extension;
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_files::Texts;
use segue_files::input::uri_of_value;
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Joins files to one file.
///
/// ```yaml
/// id: all
/// type: io.kestra.plugin.core.storage.Concat
/// files:
///   - "{{ outputs.write.uri }}"
///   - "{{ outputs.write.uri }}"
/// extension: .csv
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Concat {
    /// The files in this order, or a JSON list of them as text.
    pub files: Texts,
    /// A text that is written after every file.
    #[serde(default)]
    pub separator: String,
    /// The ending of the new file's name. Default: `.tmp`.
    pub extension: Option<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The new file.
    pub uri: String,
}

impl Task for Concat {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.Concat";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.Concat"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let storage = context.storage();
        let mut uris = Vec::with_capacity(self.files.0.len());
        for file in &self.files.0 {
            let uri = uri_of_value(file, &context.message().namespace)?;
            // A missing file is found before anything is written.
            if storage.head(&uri).await?.is_none() {
                return Err(TaskError::failed(format!("{uri} was not found in internal storage")));
            }
            uris.push(Ok(uri));
        }
        let (reading, separator) = (storage.clone(), bytes::Bytes::from(self.separator));
        let whole = futures::stream::iter(uris)
            .and_then(move |uri: String| {
                let (reading, separator) = (reading.clone(), separator.clone());
                async move {
                    let (_, bytes) = reading.get(&uri).await?;
                    let end = (!separator.is_empty()).then_some(Ok(separator));
                    Ok(bytes.chain(futures::stream::iter(end)))
                }
            })
            .try_flatten();
        let name = format!("concat{}", named_extension(self.extension.as_deref().unwrap_or(".tmp"))?);
        let put = storage.put(&context.storage_path(&name), Box::pin(whole)).await;
        let (uri, info) = put.map_err(|error| not_there(error, "one of the files"))?;
        context.info(format!("{} files with {} bytes are in {uri}", self.files.0.len(), info.size));
        Ok(Output { uri })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.core.storage.Concat";

    #[tokio::test]
    async fn files_follow_each_other_with_a_separator_after_each() {
        let platform = Platform::new();
        let (a, b, empty) = (
            platform.store("e/a", b"1").await,
            platform.store("e/b", b"2\n").await,
            platform.store("e/c", b"").await,
        );
        let outputs =
            platform.run(json!({"type": TYPE, "files": [a, b], "extension": ".csv"})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"12\n");
        assert!(outputs["uri"].as_str().unwrap().ends_with(".csv"));
        let as_text = json!([a, empty, b]).to_string();
        let outputs = platform.run(json!({"type": TYPE, "files": as_text, "separator": "|"})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"1||2\n|");
        let legacy = json!({"type": "io.kestra.core.tasks.storages.Concat", "files": []});
        assert_eq!(platform.stored(&platform.run(legacy).await.outputs()["uri"]).await, b"");
    }

    #[tokio::test]
    async fn a_missing_file_is_named() {
        let platform = Platform::new();
        let error = platform.run(json!({"type": TYPE, "files": ["kestra:///no/thing"]})).await.error();
        assert!(error.contains("kestra:///no/thing"), "{error}");
    }
}
