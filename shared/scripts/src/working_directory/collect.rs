//! `workingdirectory.Collect`: runs after the last child.

use super::cache::Cache;
use crate::result::{failure_of_disk, found_files};
use schemars::JsonSchema;
use segue_files::output::{self, FoundFile, Keep};
use segue_files::path::storage_name;
use segue_files::{SharedFolder, Texts, folder};
use segue_model::{Json, Map};
use segue_ports::InternalStorage;
use segue_task::{SHARED_FILES, Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The largest list of files that is read back after a crash, in bytes.
const NOTE_LIMIT: u64 = 64 * 1024 * 1024;

/// Stores files of the shared directory, fills the cache, and removes the directory.
///
/// ```yaml
/// id: collect
/// type: io.segue.workingdirectory.Collect
/// outputFiles: ["**.csv"]
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Collect {
    /// Globs of files to store.
    #[serde(default)]
    output_files: Texts,
    /// The files that are cached between executions.
    cache: Option<Cache>,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The stored files: URIs by path.
    pub output_files: Map,
}

impl Task for Collect {
    const TYPE: &'static str = "io.segue.workingdirectory.Collect";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let dir = context.working_dir().to_path_buf();
        let shared = context.shared_directory();
        if let Some(shared) = &shared {
            SharedFolder::fetch(context.storage(), format!("{shared}/{SHARED_FILES}"), &dir).await?;
        }
        if let Some(cache) = &self.cache {
            cache.save(context).await?;
        }
        let output_files =
            if self.output_files.0.is_empty() { Map::new() } else { self.store_files(context).await? };
        tokio::fs::remove_dir_all(&dir).await.map_err(|error| failure_of_disk("remove", &dir, &error))?;
        if let Some(shared) = &shared {
            folder::remove(context.storage(), shared).await?;
        }
        Ok(Output { output_files })
    }
}

impl Collect {
    /// Moves the files to internal storage. Their names are stored first: after a crash in the middle, the directory
    /// contains only the files that are not moved yet.
    async fn store_files(&self, context: &TaskContext) -> Result<Map, TaskError> {
        let storage = context.storage();
        let directory =
            context.message().working_directory.as_ref().map_or("own", |shared| shared.id.as_str());
        let note =
            context.storage_path(&format!("{}.json", storage_name(&format!("collect of {directory}"))));
        let note_uri = InternalStorage::uri(&note);
        if storage.head(&note_uri).await?.is_none() {
            let files = found_files(context, context.working_dir(), &self.output_files.0).await?;
            let names: Vec<Json> = files.iter().map(|file| file.relative.clone().into()).collect();
            storage.put_text(&note, Json::Array(names).to_string()).await?;
            return Ok(output::store(storage, &files, |name| context.storage_path(name), Keep::Move).await?);
        }
        let noted = storage.get_text(&note_uri, NOTE_LIMIT).await?;
        let names: Vec<String> = serde_json::from_str(&noted)
            .map_err(|error| TaskError::failed(format!("{note_uri} is not a list of file names: {error}")))?;
        let left: Vec<FoundFile> = found_files(context, context.working_dir(), &self.output_files.0).await?;
        let mut stored = output::store(storage, &left, |name| context.storage_path(name), Keep::Move).await?;
        for name in names {
            if !stored.contains_key(&name) {
                let uri = InternalStorage::uri(&context.storage_path(&storage_name(&name)));
                if storage.head(&uri).await?.is_none() {
                    return Err(TaskError::failed(format!(
                        "the file '{name}' disappeared from the working directory before it was stored"
                    )));
                }
                stored.insert(name, uri.into());
            }
        }
        Ok(stored)
    }
}
