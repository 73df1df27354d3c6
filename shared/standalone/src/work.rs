//! The directories in which scripts of this machine work, and what an earlier process left of scripts.

use segue_model::id::ExecutionId;
use segue_ports::{PortError, StateStore};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long scripts of a process that has ended are waited for: their supervisors kill them at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// How the names of directories begin that the children of a WorkingDirectory share.
const SHARED: &str = "shared-";

/// Where scripts work.
pub(crate) struct Work {
    root: PathBuf,
    lock: PathBuf,
}

impl Work {
    /// In a data directory, given by its absolute path.
    pub(crate) fn in_directory(data_dir: &Path) -> Self {
        Self { root: data_dir.join("work"), lock: data_dir.join("scripts.lock") }
    }

    /// The folder with all of them.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Waits for scripts that an earlier process started, kills those that do not end by that, and removes their
    /// directories. Only a directory that is shared within an execution that has not ended stays.
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
                format!("what is left in {} cannot be removed: {error}", self.root.display()),
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

/// Removes all of an execution that is not shared, and the folder where nothing is left; whether something is.
fn clear(execution: &Path) -> io::Result<bool> {
    if !execution.symlink_metadata()?.is_dir() {
        std::fs::remove_file(execution)?;
        return Ok(false);
    }
    let mut shared = false;
    for path in entries(execution)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The runner's own folder beside a shared directory has the name of the directory, and more.
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
    async fn left_over_directories_go_and_those_shared_in_an_execution_at_work_stay() {
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
