//! `git.SyncNamespaceFiles`: namespace files from Git.

use crate::files::{Branch, IfMissing, disk, folder, inside};
use crate::remote::{Remote, given};
use crate::rows::{self, SyncState};
use crate::session::Session;
use futures::TryStreamExt as _;
use schemars::JsonSchema;
use segue_files::namespace;
use segue_ports::PortError;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Makes the files of a namespace equal to a folder of a repository.
///
/// ```yaml
/// id: sync
/// type: io.kestra.plugin.git.SyncNamespaceFiles
/// url: https://github.com/DataTalksClub/data-engineering-zoomcamp
/// branch: main
/// namespace: "{{ flow.namespace }}"
/// gitDirectory: 04-analytics-engineering/taxi_rides_ny
/// dryRun: false
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncNamespaceFiles {
    /// The repository and the login.
    #[serde(flatten)]
    pub remote: Remote,
    /// The branch. Default: `main`.
    pub branch: Option<String>,
    /// The namespace. Default: the flow's own.
    pub namespace: Option<String>,
    /// The folder in the repository. Default: `_files`. `.` is the whole repository.
    pub git_directory: Option<String>,
    /// Whether files of the namespace that are not in the folder are deleted.
    #[serde(default)]
    pub delete: bool,
    /// Whether nothing is changed, and the differences are only listed.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether the task fails if the folder is not in the repository. Default: true.
    pub fail_on_missing_directory: Option<bool>,
}

/// The outputs of a sync.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// A file in Ion with a row for each file: `gitPath`, `syncState`, `kestraPath`.
    pub files: String,
}

/// A file and what happens with it.
struct Change {
    state: SyncState,
    /// The path in the repository. None if the file is only in the namespace.
    git: Option<String>,
    /// The path in the namespace.
    path: String,
}

impl Task for SyncNamespaceFiles {
    const TYPE: &'static str = "io.kestra.plugin.git.SyncNamespaceFiles";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let of = given(self.namespace.as_ref()).unwrap_or(&context.message().namespace);
        let from = folder(self.git_directory.as_ref(), "_files")?;
        let session = Session::open(&self.remote, context).await?;
        let branch = Branch::fetch(session, self.branch.as_ref(), IfMissing::Fail).await?;
        let changes = self.changes(&branch, &from, of, context).await?;
        if !self.dry_run {
            apply(&changes, &branch, of, context).await?;
        }
        let counts = rows::count(changes.iter().map(|change| change.state));
        let only = if self.dry_run { "nothing was changed (dryRun): " } else { "" };
        context.info(format!("{only}namespace files of {of}: {counts}"));
        let row = |change: &Change| json!({"gitPath": change.git, "syncState": change.state, "kestraPath": format!("/{}", change.path)});
        let rows: Vec<_> = changes.iter().map(row).collect();
        Ok(Output { files: rows::store(context, &rows).await? })
    }
}

impl SyncNamespaceFiles {
    async fn changes(
        &self,
        branch: &Branch,
        from: &str,
        of: &str,
        context: &TaskContext,
    ) -> Result<Vec<Change>, TaskError> {
        let in_git = branch.below(from).await?;
        if in_git.is_empty()
            && !branch.root.join(from).is_dir()
            && self.fail_on_missing_directory != Some(false)
        {
            return Err(TaskError::failed(format!(
                "the branch '{}' of {} has no folder '{from}'; check gitDirectory, or set failOnMissingDirectory to false",
                branch.name,
                branch.session.url()
            )));
        }
        let listed = namespace::list(context.storage(), of).await?;
        let mut stored: BTreeMap<String, (String, u64)> =
            listed.into_iter().map(|file| (file.path, (file.uri, file.size))).collect();
        let mut changes = Vec::new();
        for git in in_git {
            let path = inside(from, &git).to_owned();
            namespace::storage_path(of, &path)?;
            let state = match stored.remove(&path) {
                None => SyncState::Added,
                Some((uri, size)) if is_same(&branch.root.join(&git), &uri, size, context).await? => {
                    SyncState::Unchanged
                }
                Some(_) => SyncState::Overwritten,
            };
            changes.push(Change { state, git: Some(git), path });
        }
        if self.delete {
            let gone = |path| Change { state: SyncState::Deleted, git: None, path };
            changes.extend(stored.into_keys().map(gone));
        }
        Ok(changes)
    }
}

async fn apply(
    changes: &[Change],
    branch: &Branch,
    of: &str,
    context: &TaskContext,
) -> Result<(), TaskError> {
    let storage = context.storage();
    for change in changes {
        let target = namespace::storage_path(of, &change.path)?;
        match (&change.git, change.state) {
            (_, SyncState::Unchanged) => {}
            (Some(git), _) => drop(storage.put_file(&target, &branch.root.join(git)).await?),
            (None, _) => drop(storage.delete(&segue_ports::InternalStorage::uri(&target)).await?),
        }
    }
    Ok(())
}

/// Whether a local file has the content of a file in internal storage.
async fn is_same(file: &Path, uri: &str, size: u64, context: &TaskContext) -> Result<bool, TaskError> {
    use tokio::io::AsyncReadExt as _;
    let failed = |error: &std::io::Error| disk("read", file, error);
    let mut local = tokio::fs::File::open(file).await.map_err(|error| failed(&error))?;
    if local.metadata().await.map_err(|error| failed(&error))?.len() != size {
        return Ok(false);
    }
    let (_, mut stored) = match context.storage().get(uri).await {
        Err(PortError::NotFound { .. }) => return Ok(false),
        other => other?,
    };
    let mut buffer = Vec::new();
    while let Some(piece) = stored.try_next().await? {
        buffer.resize(piece.len(), 0);
        match local.read_exact(&mut buffer).await {
            Ok(_) if buffer == piece => {}
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(failed(&error)),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_ports::InternalStorage;

    async fn rows(platform: &Platform, task: segue_model::Json) -> Vec<String> {
        let outputs = platform.run(SyncNamespaceFiles::TYPE, task).await.outputs();
        platform
            .rows(&outputs["files"])
            .await
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", text("syncState"), text("gitPath"), text("kestraPath"))
            })
            .collect()
    }

    async fn stored(platform: &Platform) -> Vec<String> {
        let mut all = Vec::new();
        for file in namespace::list(&platform.ports.storage, "company.team").await.unwrap() {
            let text = platform.stored(&file.uri).await;
            all.push(format!("{}={}", file.path, String::from_utf8(text).unwrap()));
        }
        all
    }

    #[tokio::test]
    async fn the_namespace_follows_the_folder() {
        let Some(platform) = Platform::new().await else { return };
        let url = platform.server.repository("files");
        let commit = |files: &[(&str, Option<&str>)]| platform.server.commit("files", "main", files);
        commit(&[
            ("_files/a.sql", Some("1")),
            ("_files/q/b.sql", Some("22")),
            ("_files/x.log", Some("x")),
            ("_files/.kestraignore", Some("*.log\n")),
            ("other.txt", Some("o")),
        ]);
        let own = format!("{}c.sql", namespace::folder("company.team").unwrap());
        platform.store(&own, b"own").await;
        let task = |more: segue_model::Json| {
            let mut task = json!({"url": url});
            task.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            task
        };
        let added = ["ADDED _files/a.sql /a.sql", "ADDED _files/q/b.sql /q/b.sql"];
        assert_eq!(rows(&platform, task(json!({"dryRun": true}))).await, added);
        assert_eq!(stored(&platform).await, ["c.sql=own"]);
        assert_eq!(rows(&platform, task(json!({}))).await, added);
        assert_eq!(stored(&platform).await, ["a.sql=1", "c.sql=own", "q/b.sql=22"]);

        commit(&[("_files/a.sql", Some("2")), ("_files/q/b.sql", None)]);
        let changed = ["OVERWRITTEN _files/a.sql /a.sql", "DELETED - /c.sql", "DELETED - /q/b.sql"];
        assert_eq!(rows(&platform, task(json!({"delete": true, "dryRun": "true"}))).await, changed);
        assert_eq!(rows(&platform, task(json!({"delete": true}))).await, changed);
        assert_eq!(stored(&platform).await, ["a.sql=2"]);
        assert_eq!(rows(&platform, task(json!({"delete": true}))).await, ["UNCHANGED _files/a.sql /a.sql"]);
        let whole = rows(&platform, task(json!({"gitDirectory": ".", "namespace": "company.other"}))).await;
        assert_eq!(whole.len(), 2, "{whole:?}");
        let uri = InternalStorage::uri("company/other/_files/_files/a.sql");
        assert_eq!(platform.stored(&uri).await, b"2");
    }

    #[tokio::test]
    async fn a_missing_folder_or_branch_is_named_and_a_link_is_not_followed() {
        let Some(platform) = Platform::new().await else { return };
        let url = platform.server.repository("files");
        platform.server.commit("files", "main", &[("_files/a", Some("1"))]);
        platform.server.link("files", "_files/passwd", "/etc/passwd");
        let error = |task| async { platform.run(SyncNamespaceFiles::TYPE, task).await.error() };
        let missing = error(json!({"url": url, "gitDirectory": "sql"})).await;
        assert!(missing.contains("has no folder 'sql'"), "{missing}");
        let missing = error(json!({"url": url, "branch": "dev"})).await;
        assert!(missing.contains("has no branch 'dev'"), "{missing}");
        assert!(error(json!({"url": url, "gitDirectory": "../x"})).await.contains("'..'"));
        assert!(error(json!({"url": url, "gitDirectory": ".git/hooks"})).await.contains("in .git"));
        assert!(error(json!({"url": url, "namespace": "../x"})).await.contains("is not a namespace"));
        let none = json!({"url": url, "gitDirectory": "sql", "failOnMissingDirectory": false});
        assert!(rows(&platform, none).await.is_empty());
        assert_eq!(rows(&platform, json!({"url": url})).await, ["ADDED _files/a /a"]);
    }
}
