//! `storage.Write`.

use crate::draft::named_extension;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Writes a text into a file of internal storage.
///
/// ```yaml
/// id: write
/// type: io.kestra.plugin.core.storage.Write
/// content: |
///   a,b
///   1,2
/// extension: .csv
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Write {
    /// The text.
    pub content: String,
    /// The ending of the file's name.
    pub extension: Option<String>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The file.
    pub uri: String,
}

impl Task for Write {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.Write";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let extension = named_extension(self.extension.as_deref().unwrap_or_default())?;
        let path = context.storage_path(&format!("content{extension}"));
        Ok(Output { uri: context.storage().put_text(&path, self.content).await? })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.core.storage.Write";

    #[tokio::test]
    async fn the_text_is_kept_exactly() {
        let platform = Platform::new();
        let text = "ü\r\n{\"a\": 1}";
        for (extension, name) in
            [(json!(".csv"), "/content.csv"), (json!("csv.gz"), "/content.csv.gz"), (json!(null), "/content")]
        {
            let outputs =
                platform.run(json!({"type": TYPE, "content": text, "extension": extension})).await.outputs();
            assert_eq!(platform.stored(&outputs["uri"]).await, text.as_bytes());
            assert!(outputs["uri"].as_str().unwrap().ends_with(name), "{outputs:?}");
        }
        let error = platform.run(json!({"type": TYPE, "content": text, "extension": "../x/y"})).await.error();
        assert!(error.contains("'../x/y'"), "{error}");
        let outputs = platform.run(json!({"type": TYPE, "content": ""})).await.outputs();
        assert_eq!(platform.stored(&outputs["uri"]).await, b"");
    }
}
