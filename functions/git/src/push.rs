//! What every push does: changes the files of a branch, lists the differences, commits and pushes.
//!
//! An attempt that runs twice makes one commit. Its date is that of the attempt, so the second run recognises the commit
//! of the first.

use crate::files::{Branch, IfMissing, disk};
use crate::remote::{Remote, given};
use crate::rows;
use crate::session::Session;
use schemars::JsonSchema;
use segue_files::path::prepare;
use segue_model::Json;
use segue_task::{TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// The properties of every push.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// The repository and the login.
    #[serde(flatten)]
    pub remote: Remote,
    /// The branch. A branch that does not exist begins at the default branch. Default: `main`.
    pub branch: Option<String>,
    /// The message of the commit.
    pub commit_message: Option<String>,
    /// The name of the author. Default: `username`.
    pub author_name: Option<String>,
    /// The mail address of the author.
    pub author_email: Option<String>,
    /// Whether nothing is pushed, and the differences are only listed.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether files are deleted in Git if they are not in Segue any more. Default: true.
    pub delete: Option<bool>,
}

/// The outputs of a push, without the list of differences.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// The commit. Absent if nothing has changed, or nothing was pushed.
    pub commit_id: Option<String>,
    /// The page of the commit.
    #[serde(rename = "commitURL")]
    pub commit_url: Option<String>,
}

/// The difference of a branch, and the commit if there is one.
pub(crate) struct Done {
    pub(crate) pushed: Pushed,
    /// The file with the differences.
    pub(crate) diff: String,
}

/// The files to write by their path in the repository, and the files to remove.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) write: BTreeMap<String, Content>,
    pub(crate) remove: Vec<String>,
}

/// The content of a file to write.
pub(crate) enum Content {
    Text(String),
    /// A file of internal storage.
    Stored(String),
}

impl Push {
    /// The branch as it is now.
    ///
    /// # Errors
    /// As [`Branch::fetch`].
    pub(crate) async fn fetch(&self, context: &TaskContext) -> Result<Branch, TaskError> {
        let session = Session::open(&self.remote, context).await?;
        Branch::fetch(session, self.branch.as_ref(), IfMissing::Create).await
    }

    /// Whether files that are not in Segue are deleted in Git.
    pub(crate) fn deletes(&self) -> bool {
        self.delete != Some(false)
    }

    /// Carries out changes in a fetched branch.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the server refuses the push.
    pub(crate) async fn publish(
        &self,
        branch: &mut Branch,
        changes: Changes,
        default_message: &str,
        context: &TaskContext,
    ) -> Result<Done, TaskError> {
        write(branch, changes, context).await?;
        let root = branch.root.clone();
        branch.session.run(&root, &["add", "--all", "--force"]).await?;
        let message = given(self.commit_message.as_ref()).unwrap_or(default_message);
        let date = format!("{} +0000", context.message().dispatched_at.as_second());
        let mut diff = differences(branch, &["--cached"]).await?;
        let mut pushed = Pushed::default();
        let url = |commit: &str| page_of(branch.session.url(), commit);
        if diff.is_empty() {
            if let Some(commit) = self.earlier_run(branch, &date, message).await? {
                diff = differences(branch, &["HEAD^", "HEAD"]).await.unwrap_or_default();
                pushed = Pushed { commit_url: url(&commit), commit_id: Some(commit) };
            } else {
                context
                    .info(format!("{} has everything already, so there is no commit", branch.session.url()));
            }
        } else if self.dry_run {
            context.info(format!("{} files differ; nothing was pushed (dryRun)", diff.len()));
        } else {
            let commit = self.commit(branch, message, &date).await?;
            let target = format!("HEAD:refs/heads/{}", branch.name);
            branch.session.run(&root, &["push", "--quiet", "--porcelain", "origin", &target]).await?;
            context.info(format!("{} files were pushed to {} as {commit}", diff.len(), branch.session.url()));
            pushed = Pushed { commit_url: page_of(branch.session.url(), &commit), commit_id: Some(commit) };
        }
        Ok(Done { pushed, diff: rows::store(context, &diff).await? })
    }

    async fn commit(&self, branch: &mut Branch, message: &str, date: &str) -> Result<String, TaskError> {
        let name =
            given(self.author_name.as_ref()).or(given(self.remote.username.as_ref())).unwrap_or("Segue");
        let email = given(self.author_email.as_ref()).unwrap_or("segue@localhost");
        branch.session.author(name, email, date);
        let root = &branch.root;
        let commit =
            ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--cleanup=verbatim", "--message", message];
        branch.session.run(root, &commit).await?;
        branch.session.ask(root, &["rev-parse", "HEAD"]).await
    }

    /// The newest commit, if an earlier run of this attempt made it.
    async fn earlier_run(
        &self,
        branch: &Branch,
        date: &str,
        message: &str,
    ) -> Result<Option<String>, TaskError> {
        let Some(head) = branch.head.clone().filter(|_| !self.dry_run) else { return Ok(None) };
        let about =
            branch.session.ask(&branch.root, &["log", "-1", "--date=raw", "--format=%cd%n%B"]).await?;
        let is_own =
            about.split_once('\n').is_some_and(|(at, text)| at == date && text.trim() == message.trim());
        Ok(is_own.then_some(head))
    }
}

async fn write(branch: &Branch, changes: Changes, context: &TaskContext) -> Result<(), TaskError> {
    for path in &changes.remove {
        let file = branch.root.join(path);
        tokio::fs::remove_file(&file).await.map_err(|error| disk("remove", &file, &error))?;
    }
    for (path, content) in &changes.write {
        if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err(TaskError::failed(format!("{path} would be in .git; rename the file")));
        }
        let file = prepare(&branch.root, path).await?;
        match content {
            Content::Text(text) => {
                tokio::fs::write(&file, text).await.map_err(|error| disk("write", &file, &error))?;
            }
            Content::Stored(uri) => drop(context.storage().get_file(uri, &file).await?),
        }
    }
    Ok(())
}

/// A row for each file that differs: `file`, and the numbers of lines as texts.
async fn differences(branch: &Branch, between: &[&str]) -> Result<Vec<Json>, TaskError> {
    let mut arguments = vec!["diff", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", "-z"];
    arguments.extend(between);
    let out = branch.session.ask(&branch.root, &arguments).await?;
    let row = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        // A file that is no text has `-` instead of numbers.
        let [added, deleted] =
            [(); 2].map(|()| parts.next().and_then(|number| number.parse().ok()).unwrap_or(0u64));
        let changed = added.min(deleted);
        Some(json!({"file": parts.next()?, "additions": format!("+{}", added - changed),
            "deletions": format!("-{}", deleted - changed), "changes": changed.to_string()}))
    };
    Ok(out.split('\0').filter_map(row).collect())
}

/// The page of a commit on the server's web site, for an HTTP address.
fn page_of(url: &str, commit: &str) -> Option<String> {
    let base = url.trim_end_matches('/').trim_end_matches(".git");
    let part = match base {
        _ if !base.starts_with("http") => return None,
        _ if base.contains("gitlab") => "-/commit",
        _ if base.contains("bitbucket") => "commits",
        _ => "commit",
    };
    Some(format!("{base}/{part}/{commit}"))
}
