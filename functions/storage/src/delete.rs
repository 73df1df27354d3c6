//! `storage.Delete`.

use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Removes a file of internal storage.
///
/// ```yaml
/// id: remove
/// type: io.kestra.plugin.core.storage.Delete
/// uri: "{{ outputs.write.uri }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delete {
    /// The file.
    pub uri: String,
    /// Whether the task fails if the file does not exist.
    #[serde(default)]
    pub error_on_missing: bool,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The file.
    pub uri: String,
    /// Whether the file existed.
    pub deleted: bool,
}

impl Task for Delete {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.Delete";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.Delete"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let deleted = context.storage().delete(self.uri.trim()).await?;
        if !deleted && self.error_on_missing {
            return Err(TaskError::failed(format!(
                "{} was not found in internal storage, and errorOnMissing is true",
                self.uri
            )));
        }
        Ok(Output { uri: self.uri, deleted })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn a_missing_file_is_a_failure_only_if_asked_for() {
        let platform = Platform::new();
        let uri = platform.store("e/a", b"1").await;
        let task = json!({"type": "io.kestra.plugin.core.storage.Delete", "uri": uri});
        assert_eq!(platform.run(task.clone()).await.outputs()["deleted"], true);
        assert_eq!(platform.run(task.clone()).await.outputs()["deleted"], false);
        let strict =
            json!({"type": "io.kestra.plugin.core.storage.Delete", "uri": uri, "errorOnMissing": true});
        assert!(platform.run(strict).await.error().contains(&uri));
        let outside = json!({"type": "io.kestra.plugin.core.storage.Delete", "uri": "kestra:///../x"});
        platform.run(outside).await.error();
    }
}
