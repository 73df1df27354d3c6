//! `namespace.DeleteFiles`.

use super::matching;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Removes files of a namespace.
///
/// ```yaml
/// id: clean
/// type: io.kestra.plugin.core.namespace.DeleteFiles
/// namespace: "{{ flow.namespace }}"
/// files:
///   - "**.tmp"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteFiles {
    /// The namespace.
    pub namespace: String,
    /// Globs of the files.
    pub files: Texts,
    /// Accepted, and has no effect: a folder disappears with its last file.
    #[serde(default)]
    pub delete_parent_folder: bool,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The paths of the files that were removed.
    pub files: Vec<String>,
}

impl Task for DeleteFiles {
    const TYPE: &'static str = "io.kestra.plugin.core.namespace.DeleteFiles";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let mut paths = Vec::new();
        for file in matching(context, &self.namespace, &self.files).await? {
            context.storage().delete(&file.uri).await?;
            paths.push(file.path);
        }
        context.metric_counter("deleted", paths.len() as f64);
        context.info(format!("{} files of the namespace {} were removed", paths.len(), self.namespace));
        Ok(Output { files: paths })
    }
}
