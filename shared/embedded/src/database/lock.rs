//! One process at a time works on a data directory: what it holds in memory (messages in hand) would be
//! wrong otherwise. The operating system drops the lock when the process ends, however it ends.
//!
//! The locked file also says whether the last process closed the database: it has a word in it from when the
//! database is open until it is about to be closed.

use crate::private;
use segue_ports::PortError;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::Path;

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
}

/// What stands in the file while the database is open.
const OPEN: &[u8] = b"open\n";

impl DirectoryLock {
    /// Locks the directory in which `database` lies.
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

    /// Says that the database is open. A machine that loses power may forget it, which is taken for a clean end.
    pub(crate) fn opened(&self) {
        if self.file.set_len(0).and_then(|()| (&self.file).write_all(OPEN)).is_err() {
            tracing::debug!("the lock file cannot be written");
        }
    }

    /// Says that the database is about to be closed: in this order, as closing removes the log.
    pub(crate) fn closing(&self) {
        if self.file.set_len(0).is_err() {
            tracing::debug!("the lock file cannot be written");
        }
    }
}
