//! The temporary data directory of a run without `--data-dir`.
//!
//! The directory is deleted at the end of the run, also after Ctrl-C. A run that was killed with SIGKILL cannot delete
//! its directory. The next run does it.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The names of the directories begin with this.
const PREFIX: &str = "segue-run-";
/// The file that a process locks as long as it uses the directory.
const LOCK: &str = "segue.lock";
/// The longest time between the creation of a directory and its lock.
const UNLOCKED: Duration = Duration::from_secs(3600);

/// Creates a directory, and deletes those of runs that were killed.
///
/// # Errors
/// An error if the directory cannot be created.
pub(super) fn create() -> std::io::Result<TempDir> {
    let folder = std::env::temp_dir();
    for left in left_over(&folder) {
        // Another process may delete the directory at the same time.
        let _ = std::fs::remove_dir_all(left);
    }
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder)
}

/// The directories in `folder` that no process uses. A directory without a lock file is just being created.
fn left_over(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(PREFIX) && path.symlink_metadata().is_ok_and(|found| found.is_dir())
    };
    entries.flatten().map(|entry| entry.path()).filter(is_ours).filter(|path| is_free(path)).collect()
}

/// Whether no process has locked the directory. Directories of other users cannot be opened, so they are not free.
fn is_free(directory: &Path) -> bool {
    match File::options().write(true).open(directory.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))),
        // Its process has not locked it yet, or died while it deleted the directory.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let changed = directory.metadata().and_then(|found| found.modified());
            changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > UNLOCKED))
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_runs_that_have_ended_are_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let directory = folder.path().join(name);
            std::fs::create_dir(&directory).unwrap();
            directory
        };
        let [killed, running, starting, other] =
            ["segue-run-killed", "segue-run-running", "segue-run-starting", "other"].map(make);
        for directory in [&killed, &running, &other] {
            std::fs::write(directory.join(LOCK), "open\n").unwrap();
        }
        let held = File::options().write(true).open(running.join(LOCK)).unwrap();
        held.try_lock().unwrap();
        std::os::unix::fs::symlink(&killed, folder.path().join("segue-run-link")).unwrap();
        assert_eq!(left_over(folder.path()), [killed]);
        assert!(starting.is_dir());
    }
}
