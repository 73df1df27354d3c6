//! `storage.Size`.

use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Returns the size of a file.
///
/// ```yaml
/// id: size
/// type: io.kestra.plugin.core.storage.Size
/// uri: "{{ outputs.write.uri }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Size {
    /// The file.
    pub uri: String,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The size in bytes.
    pub size: u64,
}

impl Task for Size {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.Size";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.Size"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let uri = uri_of_value(&self.uri, &context.message().namespace)?;
        match context.storage().head(&uri).await? {
            Some(info) => Ok(Output { size: info.size }),
            None => Err(TaskError::failed(format!("{uri} was not found in internal storage"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    #[tokio::test]
    async fn bytes_are_counted() {
        let platform = Platform::new();
        for (path, bytes) in [("e/a", &b"12345"[..]), ("e/empty", b"")] {
            let uri = platform.store(path, bytes).await;
            let outputs = platform
                .run(json!({"type": "io.kestra.plugin.core.storage.Size", "uri": uri}))
                .await
                .outputs();
            assert_eq!(outputs["size"], bytes.len());
        }
        let missing = json!({"type": "io.kestra.plugin.core.storage.Size", "uri": "kestra:///no/thing"});
        assert!(platform.run(missing).await.error().contains("kestra:///no/thing"));
    }
}
