//! A copy of the database as of one moment, for who is not the process that works on it.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use segue_ports::PortError;
use std::path::Path;
use std::time::Duration;

/// Copies the database `from`, which a process may be writing to, to the new file `to`.
///
/// # Errors
/// [`PortError::Unavailable`] when it cannot be read or the copy cannot be written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), PortError> {
    // Not read-only: the log of a process that died is read through an index that has to be made.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copied = Connection::open_with_flags(from, flags).and_then(|connection| {
        // The log stays as it is found: its owner comes back to it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])
    });
    copied.map(|_| ()).map_err(|error| {
        PortError::unavailable("backup", format!("{} cannot be copied: {error}", from.display()))
    })
}
