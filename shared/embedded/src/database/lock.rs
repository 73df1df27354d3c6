//! Lets one process at a time use a data directory. With two processes, the state in the memory of each one would be
//! wrong, for example the messages that are being handled. The operating system releases the lock when the process
//! ends, for whatever reason.
//!
//! The locked file also records whether the last process closed the database. It contains a word while the database is
//! open. The word is removed just before the database is closed.

use crate::private;
use segue_ports::PortError;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::Path;

/// The lock is held as long as this value lives.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
}

/// The content of the file while the database is open.
const OPEN: &[u8] = b"open\n";

impl DirectoryLock {
    /// Locks the directory of `database`.
    pub(crate) fn acquire(database: &Path) -> Result<Self, PortError> {
        let path = database.with_extension("lock");
        let directory = database.parent().unwrap_or(database).display();
        let file = private::file(&path).map_err(|error| {
            PortError::unavailable("data directory", format!("{} cannot be written: {error}", path.display()))
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
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

    /// Whether the last process ended without closing the database.
    pub(crate) fn is_unclean(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Records that the database is open. After a loss of power the record may be missing. Then the end counts as
    /// clean.
    pub(crate) fn opened(&self) {
        if self.file.set_len(0).and_then(|()| (&self.file).write_all(OPEN)).is_err() {
            tracing::debug!("the lock file cannot be written");
        }
    }

    /// Records that the database is about to be closed. This record comes before closing, because closing removes the
    /// log.
    pub(crate) fn closing(&self) {
        if self.file.set_len(0).is_err() {
            tracing::debug!("the lock file cannot be written");
        }
    }
}
