//! `storage.PurgeCurrentExecutionFiles`.

use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_model::execution::storage_prefix;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The number of files removed at the same time.
const AT_ONCE: usize = 16;

/// Removes all files the execution has in internal storage: inputs, outputs, downloads.
///
/// ```yaml
/// id: purge_files
/// type: io.kestra.plugin.core.storage.PurgeCurrentExecutionFiles
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PurgeCurrentExecutionFiles {}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The removed files.
    pub uris: Vec<String>,
}

impl Task for PurgeCurrentExecutionFiles {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.PurgeCurrentExecutionFiles";
    const ALIASES: &'static [&'static str] =
        &["io.kestra.plugin.core.storage.PurgeExecution", "io.kestra.core.tasks.storages.PurgeExecution"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let (message, storage) = (context.message(), context.storage());
        let prefix = storage_prefix(&message.namespace, &message.flow_id, &message.execution_id);
        let files = storage.list(&format!("{}/", prefix.trim_end_matches('/'))).await?;
        let bytes: u64 = files.iter().map(|(_, size)| size).sum();
        futures::stream::iter(&files)
            .map(Ok::<_, TaskError>)
            .try_for_each_concurrent(AT_ONCE, |(uri, _)| async move {
                storage.delete(uri).await?;
                Ok(())
            })
            .await?;
        context.metric_counter("count", files.len() as f64);
        context.metric_counter("bytes", bytes as f64);
        context.info(format!("{} files with {bytes} bytes were removed", files.len()));
        Ok(Output { uris: files.into_iter().map(|(uri, _)| uri).collect() })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use segue_model::execution::storage_prefix;
    use serde_json::json;

    #[tokio::test]
    async fn all_files_of_this_execution_and_no_others_go() {
        let platform = Platform::new();
        let prefix = storage_prefix("company.team", "flow", &"execution1".into());
        let prefix = prefix.trim_matches('/');
        let mut own = vec![
            platform.store(&format!("{prefix}/tasks/a/1/x.csv"), b"12345").await,
            platform.store(&format!("{prefix}/inputs/data/y"), b"").await,
        ];
        let others = [
            platform.store(&format!("{prefix}2/tasks/a/1/x.csv"), b"1").await,
            platform.store("company/team/_files/keep.sql", b"1").await,
        ];
        let task = json!({"type": "io.kestra.plugin.core.storage.PurgeExecution"});
        let ended = platform.run(task).await;
        assert!(ended.log_text().contains("2 files with 5 bytes"), "{}", ended.log_text());
        let uris: Vec<String> = serde_json::from_value(ended.outputs()["uris"].clone()).unwrap();
        own.sort();
        assert_eq!(uris, own);
        for uri in own {
            assert!(!platform.is_there(&uri).await);
        }
        for uri in others {
            assert!(platform.is_there(&uri).await, "{uri}");
        }
    }
}
