//! `namespace.UploadFiles`.

use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_files::path::plain;
use segue_files::{Texts, WorkingGlobs, namespace, output};
use segue_model::{Json, Map};
use segue_ports::InternalStorage;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Puts files into a namespace, for all its flows.
///
/// ```yaml
/// id: publish
/// type: io.kestra.plugin.core.namespace.UploadFiles
/// filesMap:
///   trips.csv: "{{ outputs.write.uri }}"
/// destination: /data
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadFiles {
    /// The namespace. Default: the flow's own.
    pub namespace: Option<String>,
    /// Globs of files in the working directory.
    #[serde(default)]
    pub files: Texts,
    /// Names with URIs of internal storage, or such a map as JSON text.
    #[serde(default)]
    pub files_map: Json,
    /// The folder for the files.
    #[serde(default)]
    pub destination: String,
    /// What happens if a file exists.
    #[serde(default)]
    pub conflict: Conflict,
}

/// What happens if a file exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Conflict {
    /// The file is replaced.
    #[default]
    Overwrite,
    /// The task fails, and nothing is changed.
    Error,
    /// The existing file stays.
    Skip,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// URIs of the files by their paths in the namespace.
    pub files: Map,
}

/// The bytes of a file.
enum Source {
    Local(PathBuf),
    Stored(String),
}

impl Task for UploadFiles {
    const TYPE: &'static str = "io.kestra.plugin.core.namespace.UploadFiles";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        context.in_shared_directory(self.upload(context)).await
    }
}

impl UploadFiles {
    async fn upload(&self, context: &TaskContext) -> Result<Output, TaskError> {
        let storage = context.storage();
        let of = self.namespace.as_deref().unwrap_or(&context.message().namespace);
        let mut files = Map::new();
        let mut wanted = Vec::new();
        for (name, source) in self.sources(context).await? {
            let path =
                plain(format!("{}/{name}", self.destination.trim_matches('/')).trim_start_matches('/'))?;
            let target = namespace::storage_path(of, &path)?;
            let uri = InternalStorage::uri(&target);
            let there = if self.conflict == Conflict::Overwrite { None } else { storage.head(&uri).await? };
            // A file that was written after this attempt was dispatched was written by a crashed run of this
            // attempt.
            let there = there.is_some_and(|info| info.updated < context.message().dispatched_at);
            match self.conflict {
                Conflict::Error if there => {
                    return Err(TaskError::failed(format!(
                        "the file {path} exists already in the namespace {of}; set conflict to OVERWRITE or SKIP, or \
                         choose another destination"
                    )));
                }
                Conflict::Skip if there => context.info(format!("the file {path} exists already and stays")),
                _ => wanted.push((target, source)),
            }
            files.insert(path, uri.into());
        }
        for (target, source) in &wanted {
            match source {
                Source::Local(path) => drop(output::copy(storage, target, path).await?),
                Source::Stored(uri) => {
                    let from = storage.admitted(uri).await?;
                    let to = storage.admitted(&InternalStorage::uri(target)).await?;
                    let copied = context.ports().objects.copy(&from, &to, None).await;
                    copied.map_err(|error| segue_task::records::not_there(error, uri))?;
                }
            }
        }
        context.metric_counter("uploaded", wanted.len() as f64);
        context.info(format!("{} files are in the namespace {of}", wanted.len()));
        Ok(Output { files })
    }

    async fn sources(&self, context: &TaskContext) -> Result<Vec<(String, Source)>, TaskError> {
        let mut sources = Vec::new();
        if !self.files.0.is_empty() {
            let dir = context.working_dir();
            let found = output::find(dir, WorkingGlobs::new(dir, &self.files.0)?).await?;
            sources.extend(found.files.into_iter().map(|file| (file.relative, Source::Local(file.path))));
        }
        let map = match &self.files_map {
            Json::String(text) if !text.trim().is_empty() => serde_json::from_str(text)
                .map_err(|error| TaskError::failed(format!("filesMap is not a JSON map: {error}")))?,
            other => other.clone(),
        };
        match map {
            Json::Object(map) => {
                for (name, value) in map {
                    let uri = uri_of_value(value.as_str().unwrap_or_default(), &context.message().namespace)
                        .map_err(|error| TaskError::failed(format!("filesMap, '{name}': {error}")))?;
                    sources.push((name, Source::Stored(uri)));
                }
            }
            Json::Null | Json::String(_) if !self.files.0.is_empty() => {}
            _ => return Err(TaskError::failed("no files are named; set files or filesMap")),
        }
        Ok(sources)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use segue_ports::wire::WorkingDirectoryRef;
    use serde_json::json;

    const UPLOAD: &str = "io.kestra.plugin.core.namespace.UploadFiles";
    const DOWNLOAD: &str = "io.kestra.plugin.core.namespace.DownloadFiles";
    const DELETE: &str = "io.kestra.plugin.core.namespace.DeleteFiles";

    #[tokio::test]
    async fn files_go_in_come_out_and_go() {
        let platform = Platform::new();
        let uri = platform.store("e/x", b"\x00\xff").await;
        let map = json!({"a ü.bin": uri, "q/b.sql": uri}).to_string();
        let task = json!({"type": UPLOAD, "filesMap": map, "destination": "/data/"});
        let files = platform.run(task).await.outputs()["files"].clone();
        assert_eq!(files["data/q/b.sql"], "kestra:///company/team/_files/data/q/b.sql");
        assert_eq!(platform.stored(&files["data/a ü.bin"]).await, b"\x00\xff");

        let task = json!({"type": DOWNLOAD, "namespace": "company.team", "files": "**", "destination": "in"});
        let files = platform.run(task).await.outputs()["files"].clone();
        assert_eq!(files.as_object().unwrap().len(), 2);
        assert_eq!(platform.stored(&files["in/data/a ü.bin"]).await, b"\x00\xff");

        let task = json!({"type": DELETE, "namespace": "company.team", "files": ["b.sql"]});
        assert_eq!(platform.run(task).await.outputs()["files"], json!(["data/q/b.sql"]));
        assert!(!platform.is_there("kestra:///company/team/_files/data/q/b.sql").await);
        assert!(platform.is_there("kestra:///company/team/_files/data/a ü.bin").await);
    }

    #[tokio::test]
    async fn an_existing_file_is_handled_as_conflict_says() {
        let platform = Platform::new();
        platform.store("other/ns/_files/a", b"old").await;
        let uri = platform.store("e/x", b"new").await;
        let target = json!("kestra:///other/ns/_files/a");
        let task = |conflict: &str| json!({"type": UPLOAD, "namespace": "other.ns", "filesMap": {"a": uri}, "conflict": conflict});
        assert!(platform.run(task("ERROR")).await.error().contains("exists already"));
        platform.run(task("SKIP")).await.outputs();
        assert_eq!(platform.stored(&target).await, b"old");
        platform.run(task("OVERWRITE")).await.outputs();
        assert_eq!(platform.stored(&target).await, b"new");
    }

    #[tokio::test]
    async fn files_of_the_working_directory_stay_there() {
        let platform = Platform::new();
        let shared = Some(WorkingDirectoryRef { id: "shared".to_owned() });
        let local = json!({"type": "io.kestra.plugin.core.storage.LocalFiles", "inputs": {"a.csv": "1", "b.txt": "2"}});
        platform.run_in(local, shared.clone()).await.outputs();
        for _ in 0..2 {
            let task = json!({"type": UPLOAD, "files": ["*.csv"]});
            let files = platform.run_in(task, shared.clone()).await.outputs()["files"].clone();
            assert_eq!(platform.stored(&files["a.csv"]).await, b"1");
        }
    }

    #[tokio::test]
    async fn nothing_leaves_its_namespace() {
        let platform = Platform::new();
        let uri = platform.store("e/x", b"x").await;
        for (name, destination, of) in
            [("../../x", "", "a.b"), ("x", "../..", "a.b"), ("x", "", "../a"), ("x", "", "")]
        {
            let task =
                json!({"type": UPLOAD, "namespace": of, "filesMap": {name: uri}, "destination": destination});
            platform.run(task).await.error();
        }
        platform.run(json!({"type": UPLOAD})).await.error();
        platform.run(json!({"type": UPLOAD, "filesMap": {"a": "/etc/passwd"}})).await.error();
    }
}
