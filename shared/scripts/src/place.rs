//! The directories of a run: where the script works, and the runner's own folder beside it.

use segue_files::output::SCRATCH_PREFIX;
use segue_task::{SHARED_FILES, TaskContext, TaskError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The directory of a run, and the runner's own folder: beside it, where a script that lists its directory does
/// not see it, but in it for a container of this machine, which sees nothing else. For a container elsewhere both are
/// made in one folder, which is brought there and seen under another path.
pub(crate) struct Place {
    scratch: TempDir,
    dir: PathBuf,
    own: Folder,
    elsewhere: Option<Elsewhere>,
}

/// Where the runner's own folder is.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// Beside the working directory, for processes of this machine.
    Beside,
    /// In the working directory, for a container of this machine: it sees nothing else.
    Inside,
    /// In one folder with the working directory, which is copied elsewhere.
    Elsewhere(Elsewhere),
}

/// A file of internal storage that a container elsewhere finds in its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brought {
    /// The URI of the file.
    pub(crate) uri: String,
    /// Its path below the directory that the container sees.
    pub(crate) path: String,
}

/// Where a container that runs elsewhere finds what is in the folder of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {
    /// The directory there that has what the folder here has.
    pub(crate) root: PathBuf,
    /// The name of the runner's own folder in it.
    pub(crate) own: String,
}

/// The name of the working directory in a folder that is brought elsewhere.
pub(crate) const WORK: &str = SHARED_FILES;
/// The name of the folder for `{{ outputDir }}`, in the runner's own.
pub(crate) const OUT: &str = "out";

/// The name of the folder for files of internal storage that commands name, in the runner's own.
pub(crate) const COPIES: &str = "files";

/// A folder as this process and as the script names it.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Its path on this machine.
    pub(crate) here: PathBuf,
    /// Its path where the script runs.
    pub(crate) seen: PathBuf,
}

impl Folder {
    /// A folder or file in it.
    pub(crate) fn join(&self, name: &str) -> Self {
        Self { here: self.here.join(name), seen: self.seen.join(name) }
    }

    /// How the script names it, as text.
    pub(crate) fn seen_text(&self) -> String {
        self.seen.to_string_lossy().into_owned()
    }
}

impl Place {
    /// Makes the folders.
    pub(crate) fn make(context: &TaskContext, layout: Layout) -> Result<Self, TaskError> {
        let dir = context.working_dir().to_path_buf();
        let wrong = |error: std::io::Error| {
            TaskError::failed(format!(
                "cannot make a folder for the working directory '{}': {error}",
                dir.display()
            ))
        };
        let scratch = match (&layout, dir.parent(), dir.file_name()) {
            (Layout::Beside | Layout::Elsewhere(_), Some(parent), Some(name)) => {
                let name = format!("{}.run", name.to_string_lossy());
                // What a crashed run of the same attempt left.
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
        let elsewhere = match layout {
            Layout::Beside | Layout::Inside => None,
            Layout::Elsewhere(there) => Some(there),
        };
        let (dir, own) = match &elsewhere {
            None => (dir.clone(), Folder { here: here.clone(), seen: here }),
            Some(there) => {
                let own = Folder { here: here.join(&there.own), seen: there.root.join(&there.own) };
                (here.join(WORK), own)
            }
        };
        for folder in [&dir, &own.here.join(OUT)] {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        Ok(Self { scratch, dir, own, elsewhere })
    }

    /// Where the script works, on this machine.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The runner's own folder.
    pub(crate) fn own(&self) -> &Folder {
        &self.own
    }

    /// The name of the runner's own folder where the script runs elsewhere.
    pub(crate) fn own_name(&self) -> Option<&str> {
        self.elsewhere.as_ref().map(|there| there.own.as_str())
    }

    /// All of it, on this machine.
    pub(crate) fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// Where `{{ outputDir }}` is, on this machine.
    pub(crate) fn output_dir(&self) -> PathBuf {
        self.own.here.join(OUT)
    }

    /// What `{{ workingDir }}` and `{{ outputDir }}` are to the script.
    pub(crate) fn seen(&self) -> [PathBuf; 2] {
        let dir = self.elsewhere.as_ref().map_or_else(|| self.dir.clone(), |there| there.root.join(WORK));
        [dir, self.own.seen.join(OUT)]
    }

    /// The variables that name the directories.
    pub(crate) fn variables(&self) -> [(String, OsString); 2] {
        let [dir, out] = self.seen();
        [("WORKING_DIR".to_owned(), dir.into()), ("OUTPUT_DIR".to_owned(), out.into())]
    }
}
