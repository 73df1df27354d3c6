//! The directory of an attempt: its own, removed with the attempt, or the shared one of the children of a
//! WorkingDirectory.

use segue_ports::wire::TaskRunMessage;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The directory of one attempt. It is created when it is first needed.
#[derive(Debug)]
pub(crate) struct WorkingDir {
    path: PathBuf,
    shared: bool,
    made: Mutex<bool>,
}

impl WorkingDir {
    /// The directory for an attempt, below `root`. Its name follows from the attempt, so the leftovers of a
    /// crashed run of the same attempt are found and removed.
    pub(crate) fn new(root: &Path, message: &TaskRunMessage) -> Self {
        let (name, shared) = match &message.working_directory {
            Some(directory) => (format!("shared-{}", plain(&directory.id)), true),
            None => (format!("{}-{}", plain(message.task_run_id.as_str()), message.attempt), false),
        };
        Self {
            path: root.join(plain(message.execution_id.as_str())).join(name),
            shared,
            made: Mutex::new(false),
        }
    }

    /// The path, even if the directory was not created.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the directory. An unshared directory is emptied.
    pub(crate) fn make(&self) -> io::Result<()> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !*made {
            if !self.shared {
                remove_if_there(&self.path)?;
            }
            create(&self.path)?;
            *made = true;
        }
        Ok(())
    }

    /// Removes the directory, unless it is shared or was never created.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !*made || self.shared {
            return Ok(());
        }
        remove_if_there(&self.path)?;
        // The execution's folder is removed with its last directory. Another attempt may still use it.
        if let Some(parent) = self.path.parent() {
            let _still_used = std::fs::remove_dir(parent);
        }
        Ok(())
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// A name that is exactly one path component.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::tests::message;
    use segue_ports::wire::WorkingDirectoryRef;

    #[test]
    fn an_own_directory_begins_empty_and_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let message = message(serde_json::json!({}));
        let crashed = WorkingDir::new(root.path(), &message);
        crashed.make().unwrap();
        std::fs::write(crashed.path().join("half"), "x").unwrap();
        let dir = WorkingDir::new(root.path(), &message);
        dir.make().unwrap();
        assert!(!dir.path().join("half").exists());
        dir.remove().unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_shared_directory_stays_and_no_name_leaves_the_root() {
        let root = tempfile::tempdir().unwrap();
        let mut message = message(serde_json::json!({}));
        message.working_directory = Some(WorkingDirectoryRef { id: "../../x".to_owned() });
        let dir = WorkingDir::new(root.path(), &message);
        dir.make().unwrap();
        std::fs::write(dir.path().join("kept"), "x").unwrap();
        dir.remove().unwrap();
        assert!(dir.path().starts_with(root.path()) && !dir.path().to_string_lossy().contains(".."));
        let again = WorkingDir::new(root.path(), &message);
        again.make().unwrap();
        assert!(again.path().join("kept").exists());
    }
}
