//! `storage.LocalFiles`.

use schemars::JsonSchema;
use segue_files::output::{self, Keep};
use segue_files::{InputFiles, Texts, WorkingGlobs};
use segue_model::{Json, Map};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Puts files into the directory that the tasks of a WorkingDirectory share, and stores files of this
/// directory. The WorkingDirectory's own `inputFiles` and `outputFiles` do the same.
///
/// ```yaml
/// id: files
/// type: io.kestra.plugin.core.storage.LocalFiles
/// inputs:
///   data.csv: "a,b"
/// outputs:
///   - "*.csv"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LocalFiles {
    /// File names with contents or URIs, or such a map as JSON text.
    #[serde(default)]
    pub inputs: Json,
    /// Globs of files to store.
    #[serde(default)]
    pub outputs: Texts,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The stored files: URIs by path.
    pub uris: Map,
}

impl Task for LocalFiles {
    const TYPE: &'static str = "io.kestra.plugin.core.storage.LocalFiles";
    const ALIASES: &'static [&'static str] = &["io.kestra.core.tasks.storages.LocalFiles"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        context.in_shared_directory(self.run_here(context)).await
    }
}

impl LocalFiles {
    async fn run_here(&self, context: &TaskContext) -> Result<Output, TaskError> {
        let (dir, storage) = (context.working_dir(), context.storage());
        InputFiles::parse(&self.inputs)?.write(dir, storage, &context.message().namespace).await?;
        if self.outputs.0.is_empty() {
            return Ok(Output { uris: Map::new() });
        }
        let found = output::find(dir, WorkingGlobs::new(dir, &self.outputs.0)?).await?;
        for name in &found.refused {
            context.warn(format!(
                "'{name}' is not stored: it is a link that leads out of the working directory"
            ));
        }
        // Siblings in a shared directory may still need the files.
        let keep = if context.message().working_directory.is_some() { Keep::Copy } else { Keep::Move };
        let uris = output::store(storage, &found.files, |name| context.storage_path(name), keep).await?;
        Ok(Output { uris })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use segue_ports::wire::WorkingDirectoryRef;
    use serde_json::json;

    #[tokio::test]
    async fn files_go_in_and_come_out_and_stay_for_siblings() {
        let platform = Platform::new();
        let shared = Some(WorkingDirectoryRef { id: "shared".to_owned() });
        let inputs = json!({"type": "io.kestra.plugin.core.storage.LocalFiles", "inputs": {"a.csv": "1", "b.txt": "2"}});
        assert_eq!(platform.run_in(inputs, shared.clone()).await.outputs()["uris"], json!({}));
        for _ in 0..2 {
            let outputs = json!({"type": "io.kestra.core.tasks.storages.LocalFiles", "outputs": ["*.csv"]});
            let uris = platform.run_in(outputs, shared.clone()).await.outputs()["uris"].clone();
            assert_eq!(uris.as_object().unwrap().len(), 1);
            assert_eq!(platform.stored(&uris["a.csv"]).await, b"1");
        }
    }
}
