//! The directories of a run: the working directory of the script, and the runner's own folder.

use segue_files::output::SCRATCH_PREFIX;
use segue_task::{SHARED_FILES, TaskContext, TaskError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The working directory of a run, and the runner's own folder. [`Layout`] says where the own folder is. The directories
/// that this value created are removed with it.
pub(crate) struct Directories {
    scratch: TempDir,
    dir: PathBuf,
    own: Folder,
    /// Set for a remote container.
    remote: Option<RemotePaths>,
}

/// Where the runner's own folder is.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// Next to the working directory, for processes. A script that lists its directory does not see the own folder.
    Beside,
    /// In the working directory, for a container of this machine, which sees only that directory.
    Inside,
    /// Next to the working directory, in a folder that is copied to the remote container as a whole.
    Remote(RemotePaths),
}

/// A file of internal storage that is copied to the directory of a remote container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// The URI of the file.
    pub(crate) uri: String,
    /// The path of the copy, relative to the directory that the container sees.
    pub(crate) path: String,
}

/// The paths of the directories in a remote container.
#[derive(Clone, Debug)]
pub(crate) struct RemotePaths {
    /// The directory that contains the copied folder.
    pub(crate) root: PathBuf,
    /// The name of the runner's own folder in `root`.
    pub(crate) own: String,
}

/// The name of the working directory in a folder that is copied to a remote container.
pub(crate) const WORK: &str = SHARED_FILES;
/// The name of the folder for `{{ outputDir }}`, in the runner's own folder.
pub(crate) const OUT: &str = "out";

/// The name of the folder for files of internal storage that commands name, in the runner's own folder.
pub(crate) const COPIES: &str = "files";

/// A folder or file with two paths: one for this process, one for the script.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// The path on this machine.
    pub(crate) here: PathBuf,
    /// The path where the script runs.
    pub(crate) seen: PathBuf,
}

impl Folder {
    /// A folder or file in this folder.
    pub(crate) fn join(&self, name: &str) -> Self {
        Self { here: self.here.join(name), seen: self.seen.join(name) }
    }

    /// The path where the script runs, as text.
    pub(crate) fn seen_text(&self) -> String {
        self.seen.to_string_lossy().into_owned()
    }
}

impl Directories {
    /// Creates the directories. What a crashed run of the same attempt left in the runner's own folder is removed.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if a folder cannot be created.
    pub(crate) fn create(context: &TaskContext, layout: Layout) -> Result<Self, TaskError> {
        let dir = context.working_dir().to_path_buf();
        let wrong = |error: std::io::Error| {
            TaskError::failed(format!(
                "cannot make a folder for the working directory '{}': {error}",
                dir.display()
            ))
        };
        let scratch = match (&layout, dir.parent(), dir.file_name()) {
            (Layout::Beside | Layout::Remote(_), Some(parent), Some(name)) => {
                let name = format!("{}.run", name.to_string_lossy());
                match std::fs::remove_dir_all(parent.join(&name)) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(wrong(error)),
                    _ => {}
                }
                tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in(parent)
            }
            _ => tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir_in(&dir),
        };
        let scratch = scratch.map_err(wrong)?;
        let here = scratch.path().to_path_buf();
        let remote = match layout {
            Layout::Beside | Layout::Inside => None,
            Layout::Remote(paths) => Some(paths),
        };
        let (dir, own) = match &remote {
            None => (dir.clone(), Folder { here: here.clone(), seen: here }),
            Some(paths) => {
                let own = Folder { here: here.join(&paths.own), seen: paths.root.join(&paths.own) };
                (here.join(WORK), own)
            }
        };
        for folder in [&dir, &own.here.join(OUT)] {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        Ok(Self { scratch, dir, own, remote })
    }

    /// The path of the working directory on this machine.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The runner's own folder.
    pub(crate) fn own(&self) -> &Folder {
        &self.own
    }

    /// The name of the runner's own folder in a remote container. None if the script runs on this machine.
    pub(crate) fn own_name(&self) -> Option<&str> {
        self.remote.as_ref().map(|paths| paths.own.as_str())
    }

    /// The path of the folder that this value created, on this machine. For a remote container it contains everything.
    pub(crate) fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// The path of `{{ outputDir }}` on this machine.
    pub(crate) fn output_dir(&self) -> PathBuf {
        self.own.here.join(OUT)
    }

    /// The paths of `{{ workingDir }}` and `{{ outputDir }}` where the script runs.
    pub(crate) fn seen(&self) -> [PathBuf; 2] {
        let dir = self.remote.as_ref().map_or_else(|| self.dir.clone(), |paths| paths.root.join(WORK));
        [dir, self.own.seen.join(OUT)]
    }

    /// The environment variables with the paths of the directories.
    pub(crate) fn variables(&self) -> [(String, OsString); 2] {
        let [dir, out] = self.seen();
        [("WORKING_DIR".to_owned(), dir.into()), ("OUTPUT_DIR".to_owned(), out.into())]
    }
}
