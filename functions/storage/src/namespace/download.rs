//! `namespace.DownloadFiles`.

use super::matching;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_files::path::storage_name;
use segue_model::Map;
use segue_ports::InternalStorage;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Copies the current files of a namespace into the execution.
///
/// ```yaml
/// id: queries
/// type: io.kestra.plugin.core.namespace.DownloadFiles
/// namespace: "{{ flow.namespace }}"
/// files:
///   - "**.sql"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DownloadFiles {
    /// The namespace.
    pub namespace: String,
    /// Globs of the files.
    pub files: Texts,
    /// A folder to put before their names.
    #[serde(default)]
    pub destination: String,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// URIs by path.
    pub files: Map,
}

impl Task for DownloadFiles {
    const TYPE: &'static str = "io.kestra.plugin.core.namespace.DownloadFiles";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let storage = context.storage();
        let folder = self.destination.trim_end_matches('/');
        let mut files = Map::new();
        for file in matching(context, &self.namespace, &self.files).await? {
            let path = if folder.is_empty() { file.path } else { format!("{folder}/{}", file.path) };
            let uri =
                InternalStorage::uri(&context.storage_path(&storage_name(path.trim_start_matches('/'))));
            let from = storage.admitted(&file.uri).await?;
            context.ports().objects.copy(&from, &storage.address(&uri)?, None).await?;
            files.insert(path, uri.into());
        }
        context.metric_counter("downloaded", files.len() as f64);
        context.info(format!("{} files of the namespace {} were copied", files.len(), self.namespace));
        Ok(Output { files })
    }
}
