//! `workingdirectory.Setup`: before the first child.

use super::cache::{Cache, Owner};
use crate::run::stage;
use schemars::JsonSchema;
use segue_files::NamespaceFiles;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Puts files of the cache, of the namespace and `inputFiles` into the shared directory.
///
/// ```yaml
/// id: setup
/// type: io.segue.workingdirectory.Setup
/// owner: build
/// inputFiles:
///   main.sh: echo hello
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// The WorkingDirectory's id.
    owner: String,
    /// The value it runs for in a loop.
    value: Option<String>,
    /// Names with contents or URIs of files.
    #[serde(default)]
    input_files: Json,
    /// Which files of the namespace.
    namespace_files: Option<NamespaceFiles>,
    /// What is kept between executions.
    cache: Option<Cache>,
}

/// What it gives out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether files of the cache are there.
    pub cache_restored: bool,
}

impl Task for Setup {
    const TYPE: &'static str = "io.segue.workingdirectory.Setup";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let owner = Owner { task: &self.owner, value: self.value.as_deref() };
        let cache_restored = match &self.cache {
            Some(cache) => cache.restore(context, &owner).await?,
            None => false,
        };
        stage(context, self.namespace_files.as_ref(), &self.input_files).await?;
        Ok(Output { cache_restored })
    }
}
