//! The files of one branch on the disk, for a moment.

use crate::clone::check_name;
use crate::remote::given;
use crate::session::Session;
use segue_files::path::plain;
use segue_task::TaskError;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A branch with its files, in the private directory of a session.
pub(crate) struct Branch {
    pub(crate) session: Session,
    /// The folder with the files.
    pub(crate) root: PathBuf,
    /// The name of the branch.
    pub(crate) name: String,
    /// The newest commit. None if the repository has no commit.
    pub(crate) head: Option<String>,
}

/// What happens if a repository has no branch with the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMissing {
    /// The task fails.
    Fail,
    /// The branch begins at the default branch.
    Create,
}

impl Branch {
    /// Fetches the newest commits of a branch, and writes the files.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with a sentence about the branch, the network or the login.
    pub(crate) async fn fetch(
        mut session: Session,
        branch: Option<&String>,
        if_missing: IfMissing,
    ) -> Result<Self, TaskError> {
        // A link in a repository is a small text here, so no file of the machine is read through it.
        session.set("core.symlinks", "false");
        let name = given(branch).unwrap_or("main").to_owned();
        check_name(&name)?;
        let reference = format!("refs/heads/{name}");
        let references = session.references(std::slice::from_ref(&reference)).await?;
        let from = if references.found.contains_key(&reference) {
            Some(reference)
        } else if if_missing == IfMissing::Fail {
            return Err(TaskError::failed(format!("{} has no branch '{name}'; check branch", session.url())));
        } else {
            references.head.map(|head| format!("refs/heads/{head}"))
        };
        let root = session.path("files");
        std::fs::create_dir(&root).map_err(|error| disk("make", &root, &error))?;
        session.run(&root, &["init", "--quiet", "--template=", &format!("--initial-branch={name}")]).await?;
        session.run(&root, &["config", "remote.origin.url", session.url()]).await?;
        let mut head = None;
        if let Some(from) = from {
            let spec = format!("+{from}:refs/remotes/origin/start");
            // The commit before the newest shows what an earlier run of the attempt has changed.
            session.run(&root, &["fetch", "--quiet", "--no-tags", "--depth=2", "origin", &spec]).await?;
            session
                .run(
                    &root,
                    &[
                        "checkout",
                        "--quiet",
                        "--force",
                        "--no-track",
                        "-B",
                        &name,
                        "refs/remotes/origin/start",
                    ],
                )
                .await?;
            head = Some(session.ask(&root, &["rev-parse", "HEAD"]).await?);
        }
        Ok(Self { session, root, name, head })
    }

    /// The files below a folder of the repository, without links, submodules and what `.kestraignore` names. Each path
    /// begins at the top of the repository.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub(crate) async fn below(&self, folder: &str) -> Result<Vec<String>, TaskError> {
        if self.head.is_none() {
            return Ok(Vec::new());
        }
        let scope = if folder.is_empty() { "." } else { folder };
        let listing = self
            .session
            .run(&self.root, &["--literal-pathspecs", "ls-files", "--stage", "-z", "--", scope])
            .await?;
        let ignored = [
            "--literal-pathspecs",
            "ls-files",
            "--cached",
            "--ignored",
            "--exclude-per-directory=.kestraignore",
            "-z",
            "--",
            scope,
        ];
        let ignored = self.session.run(&self.root, &ignored).await?;
        let ignored: BTreeSet<String> = texts(&ignored).collect();
        let is_file = |mode: &str| mode.starts_with("100");
        let files = texts(&listing).filter_map(|line| {
            let (about, path) = line.split_once('\t')?;
            let taken = is_file(about) && !ignored.contains(path) && !path.ends_with(".kestraignore");
            taken.then(|| path.to_owned())
        });
        Ok(files.collect())
    }
}

/// The texts between NUL characters. A name that is not UTF-8 is left out.
fn texts(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty())
        .filter_map(|part| String::from_utf8(part.to_vec()).ok())
}

/// The property `gitDirectory` as a folder without slashes at its ends. Empty for the whole repository.
///
/// # Errors
/// [`TaskError::Failed`] if the folder would be outside of the repository, or in `.git`.
pub(crate) fn folder(directory: Option<&String>, default: &str) -> Result<String, TaskError> {
    let text = given(directory).unwrap_or(default).trim_matches('/');
    if matches!(text, "" | ".") {
        return Ok(String::new());
    }
    let folder = plain(text)?;
    if folder.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(TaskError::failed("gitDirectory is in .git; choose a folder of the repository"));
    }
    Ok(folder)
}

/// A path below a folder, which may be empty.
pub(crate) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The path inside a folder, which may be empty.
pub(crate) fn inside<'a>(folder: &str, path: &'a str) -> &'a str {
    if folder.is_empty() {
        path
    } else {
        path.strip_prefix(folder).map_or(path, |rest| rest.trim_start_matches('/'))
    }
}

/// The error for a failure of the local disk.
pub(crate) fn disk(what: &str, path: &Path, error: &std::io::Error) -> TaskError {
    TaskError::from(segue_files::path::disk_error(what, path, error))
}
