//! One process at a time works on a data directory: what it holds in memory (messages in hand) would be
//! wrong otherwise. The operating system drops the lock when the process ends, however it ends.

use segue_ports::PortError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Locks the directory in which `database` lies.
    pub(crate) fn acquire(database: &Path) -> Result<Self, PortError> {
        let path = database.with_extension("lock");
        let directory = database.parent().unwrap_or(database).display();
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|error| {
                PortError::unavailable(
                    "data directory",
                    format!("{} cannot be written: {error}", path.display()),
                )
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(PortError::invalid(format!(
                "the data directory {directory} is in use by another Segue process; \
                 stop that one, or name another directory with --data-dir"
            ))),
            Err(TryLockError::Error(error)) => Err(PortError::unavailable(
                "data directory",
                format!("{} cannot be locked: {error}", path.display()),
            )),
        }
    }
}
