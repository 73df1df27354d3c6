//! The working directories of scripts on this machine, and leftovers of scripts of an earlier process.

use segue_model::id::ExecutionId;
use segue_ports::{PortError, StateStore};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for scripts of a process that has ended. Their supervisors kill them at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// The prefix of directories that the children of a WorkingDirectory share.
const SHARED: &str = "shared-";

/// The folder with the working directories of scripts.
pub(crate) struct Work {
    root: PathBuf,
    lock: PathBuf,
}

impl Work {
    /// The folder in a data directory, which is given by its absolute path.
    pub(crate) fn in_directory(data_dir: &Path) -> Self {
        Self { root: data_dir.join("work"), lock: data_dir.join("scripts.lock") }
    }

    /// The folder with all working directories.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Waits for scripts of an earlier process, kills those that do not end, and removes their directories.
    /// Only a directory that is shared in an open execution stays.
    pub(crate) async fn clear_left_over(&self, state: &dyn StateStore) -> Result<(), PortError> {
        let (lock, root) = (self.lock.clone(), self.root.clone());
        let taken = tokio::task::spawn_blocking(move || segue_process::take_over(&lock, &root, PATIENCE));
        let why = match taken.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            return Err(PortError::unavailable("scripts", why));
        }
        let wrong = |error: io::Error| {
            PortError::unavailable(
                "working directories",
                format!(
                    "the leftovers of earlier scripts in {} cannot be removed: {error}",
                    self.root.display()
                ),
            )
        };
        for execution in entries(&self.root).map_err(wrong)? {
            let shared = clear(&execution).map_err(wrong)?;
            if shared && !goes_on(state, &execution).await? {
                std::fs::remove_dir_all(&execution).map_err(wrong)?;
            }
        }
        Ok(())
    }
}

/// Removes everything of an execution that is not shared, and the execution's folder if it is empty then.
/// Returns whether anything is left.
fn clear(execution: &Path) -> io::Result<bool> {
    if !execution.symlink_metadata()?.is_dir() {
        std::fs::remove_file(execution)?;
        return Ok(false);
    }
    let mut shared = false;
    for path in entries(execution)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The runner's own folder for a shared directory has the directory's name with the ending `.run`.
        if name.starts_with(SHARED) && !name.ends_with(".run") {
            shared = true;
        } else if path.symlink_metadata()?.is_dir() {
            std::fs::remove_dir_all(&path)?;
        } else {
            std::fs::remove_file(&path)?;
        }
    }
    if !shared {
        std::fs::remove_dir(execution)?;
    }
    Ok(shared)
}

async fn goes_on(state: &dyn StateStore, execution: &Path) -> Result<bool, PortError> {
    let id = ExecutionId::from(&*execution.file_name().unwrap_or_default().to_string_lossy());
    let stored = state.execution(&id).await?;
    Ok(stored.is_some_and(|stored| !stored.execution.state.current().is_terminal()))
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn leftover_directories_are_removed_and_shared_ones_of_open_executions_stay() {
        let data_dir = tempfile::tempdir().unwrap();
        let ports = segue_embedded::connect(data_dir.path()).unwrap();
        let work = Work::in_directory(data_dir.path());
        let make = |path: &str| std::fs::create_dir_all(work.root().join(path)).unwrap();
        for path in ["e1/t1-0/sub", "e1/t1-0.run", "e2/shared-x-0", "e2/t2-0", "e2/shared-x-0.run"] {
            make(path);
        }
        std::fs::write(work.root().join("e1/t1-0/sub/file"), "x").unwrap();
        std::os::unix::fs::symlink("/etc", work.root().join("e1/link")).unwrap();
        work.clear_left_over(&*ports.state).await.unwrap();
        assert_eq!(
            entries(work.root()).unwrap(),
            Vec::<PathBuf>::new(),
            "no execution of that id is at work"
        );
        assert!(Path::new("/etc/passwd").exists());

        make("e3/shared-x-0");
        make("e3/t3-0");
        assert!(clear(&work.root().join("e3")).unwrap());
        assert_eq!(entries(&work.root().join("e3")).unwrap(), [work.root().join("e3/shared-x-0")]);
    }
}
