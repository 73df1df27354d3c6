//! `git.Clone`: a repository as files in the working directory.

use crate::remote::{Remote, given};
use crate::session::Session;
use schemars::JsonSchema;
use segue_files::path::{plain, prepare};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Clones a repository into the working directory. In a WorkingDirectory, the tasks after this one find the files.
///
/// ```yaml
/// id: clone
/// type: io.kestra.plugin.git.Clone
/// url: https://github.com/DataTalksClub/data-engineering-zoomcamp
/// branch: main
/// username: git
/// password: "{{ secret('GIT_TOKEN') }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clone {
    /// The repository and the login.
    #[serde(flatten)]
    pub remote: Remote,
    /// The branch, or the name of a tag. Default: the default branch of the repository.
    pub branch: Option<String>,
    /// The tag, instead of `branch`.
    pub tag: Option<String>,
    /// The commit, instead of `branch`.
    pub commit: Option<String>,
    /// The folder in the working directory. Default: the working directory itself.
    pub directory: Option<String>,
    /// The number of commits to fetch. Default: 1. A clone with `tag` or `commit` has all commits.
    pub depth: Option<u32>,
    /// Whether submodules are cloned too.
    #[serde(default)]
    pub clone_submodules: bool,
    /// Whether all branches are fetched.
    #[serde(default)]
    pub clone_all_branches: bool,
    /// Whether tags are left out.
    #[serde(default)]
    pub no_tags: bool,
}

/// The outputs of a clone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The path of the folder with the files.
    pub directory: String,
}

impl Task for Clone {
    const TYPE: &'static str = "io.kestra.plugin.git.Clone";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let wanted = self.wanted()?;
        let session = Session::open(&self.remote, context).await?;
        context.in_shared_directory(self.clone_to(&wanted, &session, context)).await
    }
}

/// The part of the repository that the properties name.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    Default,
    /// A branch, or a tag with this name.
    Branch(&'a str),
    Tag(&'a str),
    Commit(&'a str),
}

/// What is fetched and checked out.
struct Plan {
    /// The references to fetch.
    fetch: Vec<String>,
    /// The arguments of the checkout.
    checkout: Vec<String>,
    is_shallow: bool,
}

impl Clone {
    fn wanted(&self) -> Result<Wanted<'_>, TaskError> {
        let [branch, tag, commit] = [&self.branch, &self.tag, &self.commit].map(|text| given(text.as_ref()));
        if [branch, tag, commit].iter().flatten().count() > 1 {
            return Err(TaskError::failed("several of branch, tag and commit are set; set one of them"));
        }
        if self.depth == Some(0) {
            return Err(TaskError::failed("depth is 0; set it to 1 or more, or leave it out"));
        }
        branch.into_iter().chain(tag).try_for_each(check_name)?;
        Ok(match (branch, tag, commit) {
            (Some(branch), ..) => Wanted::Branch(branch),
            (_, Some(tag), _) => Wanted::Tag(tag),
            (_, _, Some(commit)) => {
                if !(4..=64).contains(&commit.len()) || !commit.chars().all(|c| c.is_ascii_hexdigit()) {
                    return Err(TaskError::failed(format!(
                        "'{commit}' is not a commit; write its id of 4 to 64 hexadecimal digits"
                    )));
                }
                Wanted::Commit(commit)
            }
            _ => Wanted::Default,
        })
    }

    async fn clone_to(
        &self,
        wanted: &Wanted<'_>,
        session: &Session,
        context: &TaskContext,
    ) -> Result<Output, TaskError> {
        let target = self.target(context).await?;
        let output = Output { directory: target.to_string_lossy().into_owned() };
        let Some(plan) = self.plan(wanted, session).await? else {
            context.warn(format!("{} is empty, so there is nothing to clone", session.url()));
            return Ok(output);
        };
        session.run(&target, &["init", "--quiet", "--template="]).await?;
        session.run(&target, &["config", "remote.origin.url", session.url()]).await?;
        session
            .run(&target, &["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"])
            .await?;
        let depth = format!("--depth={}", self.depth.unwrap_or(1));
        let mut fetch = vec!["fetch", "--quiet"];
        if plan.is_shallow {
            fetch.push(&depth);
        }
        if self.no_tags {
            fetch.push("--no-tags");
        } else if !plan.is_shallow {
            fetch.push("--tags");
        }
        fetch.push("origin");
        fetch.extend(plan.fetch.iter().map(String::as_str));
        session.run(&target, &fetch).await?;
        let mut checkout = vec!["checkout", "--quiet", "--force"];
        checkout.extend(plan.checkout.iter().map(String::as_str));
        if let Wanted::Commit(commit) = wanted {
            let object = format!("{commit}^{{commit}}");
            if session.attempt(&target, &["rev-parse", "--quiet", "--verify", &object]).await?.code != 0 {
                return Err(TaskError::failed(format!(
                    "{} has no commit '{commit}'; check commit",
                    session.url()
                )));
            }
        }
        session.run(&target, &checkout).await?;
        if self.clone_submodules {
            let mut update = vec!["submodule", "--quiet", "update", "--init", "--recursive"];
            if plan.is_shallow {
                update.push(&depth);
            }
            session.run(&target, &update).await?;
        }
        let head = session.ask(&target, &["rev-parse", "HEAD"]).await?;
        context.info(format!("{} is cloned at commit {head}", session.url()));
        Ok(output)
    }

    /// The folder of the clone, without the repository that an earlier clone left there. Its settings are not trusted:
    /// a script can have changed them.
    async fn target(&self, context: &TaskContext) -> Result<PathBuf, TaskError> {
        let mut inside = String::new();
        let root = context.working_dir();
        if let Some(directory) = given(self.directory.as_ref()) {
            // `directory` is often written with the path of the working directory.
            let directory = Path::new(directory);
            let relative = directory.strip_prefix(root).unwrap_or(directory).to_string_lossy().into_owned();
            let relative = relative.trim_end_matches('/');
            if !matches!(relative, "" | ".") {
                inside = format!("{}/", plain(relative)?);
            }
        }
        let repository = prepare(root, &format!("{inside}.git")).await?;
        let failed = |error: std::io::Error| {
            TaskError::failed(format!(
                "the old repository {} cannot be removed: {error}",
                repository.display()
            ))
        };
        match tokio::fs::symlink_metadata(&repository).await {
            Ok(found) if found.is_dir() => tokio::fs::remove_dir_all(&repository).await.map_err(failed)?,
            Ok(_) => tokio::fs::remove_file(&repository).await.map_err(failed)?,
            Err(_) => {}
        }
        Ok(root.join(inside))
    }

    /// None if the repository is empty.
    async fn plan(&self, wanted: &Wanted<'_>, session: &Session) -> Result<Option<Plan>, TaskError> {
        let full = |name: &str| [format!("refs/heads/{name}"), format!("refs/tags/{name}")];
        let of_branch = |name: &str| Plan {
            fetch: vec![format!("+refs/heads/{name}:refs/remotes/origin/{name}")],
            checkout: vec!["-B".into(), name.into(), "--track".into(), format!("refs/remotes/origin/{name}")],
            is_shallow: true,
        };
        let of_tag = |name: &str| Plan {
            fetch: vec![format!("+refs/tags/{name}:refs/tags/{name}")],
            checkout: vec!["--detach".into(), format!("refs/tags/{name}")],
            is_shallow: false,
        };
        let missing = |name: &str| {
            Err(TaskError::failed(format!(
                "{} has no branch or tag '{name}'; check branch and tag",
                session.url()
            )))
        };
        let mut plan = match wanted {
            Wanted::Default => match session.references(&[]).await?.head {
                Some(head) => of_branch(&head),
                None => return Ok(None),
            },
            Wanted::Branch(name) => {
                let [branch, tag] = full(name);
                let found = session.references(&[branch.clone(), tag.clone()]).await?.found;
                if found.contains_key(&branch) {
                    of_branch(name)
                } else if found.contains_key(&tag) {
                    of_tag(name)
                } else {
                    return missing(name);
                }
            }
            Wanted::Tag(name) => {
                let [_, tag] = full(name);
                if !session.references(std::slice::from_ref(&tag)).await?.found.contains_key(&tag) {
                    return missing(name);
                }
                of_tag(name)
            }
            Wanted::Commit(commit) => Plan {
                fetch: Vec::new(),
                checkout: vec!["--detach".into(), (*commit).to_owned()],
                is_shallow: false,
            },
        };
        if self.clone_all_branches || plan.fetch.is_empty() {
            plan.fetch.push("+refs/heads/*:refs/remotes/origin/*".to_owned());
        }
        Ok(Some(plan))
    }
}

/// Refuses a name that git could take for an option, a pattern or a range.
pub(crate) fn check_name(name: &str) -> Result<(), TaskError> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    if name.starts_with(['-', '/']) || name.ends_with(['/', '.']) || name.contains("..") || name.contains(odd)
    {
        return Err(TaskError::failed(format!(
            "'{name}' is not the name of a branch or tag; write one like 'main'"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
