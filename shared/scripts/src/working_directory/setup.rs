//! `workingdirectory.Setup`: runs before the first child.

use super::cache::Cache;
use crate::staging::stage;
use schemars::JsonSchema;
use segue_files::NamespaceFiles;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Copies cached files, namespace files and `inputFiles` to the shared directory.
///
/// ```yaml
/// id: setup
/// type: io.segue.workingdirectory.Setup
/// inputFiles:
///   main.sh: echo hello
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// Names with contents or URIs of files.
    #[serde(default)]
    input_files: Json,
    /// The files of the namespace.
    namespace_files: Option<NamespaceFiles>,
    /// The files that are cached between executions.
    cache: Option<Cache>,
}

/// The task has no outputs. Its task run is that of the WorkingDirectory, which gets its outputs from [`super::Collect`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {}

impl Task for Setup {
    const TYPE: &'static str = "io.segue.workingdirectory.Setup";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        context.in_shared_directory(self.fill(context)).await
    }
}

impl Setup {
    async fn fill(&self, context: &TaskContext) -> Result<Output, TaskError> {
        if let Some(cache) = &self.cache {
            cache.restore(context).await?;
        }
        let files = (self.namespace_files.as_ref(), &self.input_files);
        stage(context, context.working_dir(), files).await?;
        Ok(Output {})
    }
}
