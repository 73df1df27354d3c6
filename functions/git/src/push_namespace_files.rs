//! `git.PushNamespaceFiles`: namespace files to Git.

use crate::files::{folder, inside, join};
use crate::push::{Changes, Content, Push, Pushed};
use crate::remote::given;
use schemars::JsonSchema;
use segue_files::{NamespaceGlobs, Texts, namespace};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Commits the files of a namespace to a branch.
///
/// ```yaml
/// id: push
/// type: io.kestra.plugin.git.PushNamespaceFiles
/// url: https://github.com/company/flows
/// branch: dev
/// username: git
/// password: "{{ secret('GIT_TOKEN') }}"
/// namespace: company.team
/// files: "*.sql"
/// commitMessage: queries
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushNamespaceFiles {
    /// The repository, and the commit.
    #[serde(flatten)]
    pub push: Push,
    /// The namespace. Default: the flow's own.
    pub namespace: Option<String>,
    /// Globs of files. Default: all files.
    pub files: Option<Texts>,
    /// The folder in the repository. Default: `_files`.
    pub git_directory: Option<String>,
    /// Whether the task fails if no file matches.
    #[serde(default)]
    pub error_on_missing: bool,
}

/// The outputs of a push.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The commit.
    #[serde(flatten)]
    pub pushed: Pushed,
    /// A file in Ion with a row for each file that differs: `file`, `additions`, `deletions`, `changes`.
    pub files: String,
}

impl Task for PushNamespaceFiles {
    const TYPE: &'static str = "io.kestra.plugin.git.PushNamespaceFiles";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let of = given(self.namespace.as_ref()).unwrap_or(&context.message().namespace);
        let to = folder(self.git_directory.as_ref(), "_files")?;
        let patterns = self.files.as_ref().map(|texts| texts.0.clone()).filter(|all| !all.is_empty());
        let globs = NamespaceGlobs::new(&patterns.unwrap_or_else(|| vec!["**".to_owned()]))?;
        let all = namespace::list(context.storage(), of).await?;
        let mut changes = Changes::default();
        for file in all.iter().filter(|file| globs.matches(&file.path)) {
            changes.write.insert(join(&to, &file.path), Content::Stored(file.uri.clone()));
        }
        if self.error_on_missing && changes.write.is_empty() {
            return Err(TaskError::failed(format!(
                "no file of the namespace {of} matches; check files, or set errorOnMissing to false"
            )));
        }
        let mut branch = self.push.fetch(context).await?;
        if self.push.deletes() {
            let kept: BTreeSet<&str> = all.iter().map(|file| file.path.as_str()).collect();
            // Files that the globs leave out stay in Git.
            let is_gone = |path: &String| {
                let name = inside(&to, path);
                !kept.contains(name) && globs.matches(name)
            };
            changes.remove = branch.below(&to).await?.into_iter().filter(is_gone).collect();
        }
        let message = format!("Add files from {of} namespace");
        let done = self.push.publish(&mut branch, changes, &message, context).await?;
        Ok(Output { pushed: done.pushed, files: done.diff })
    }
}
