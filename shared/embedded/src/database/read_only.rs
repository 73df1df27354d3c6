//! Takes a snapshot of the database for a process that does not own it.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use segue_ports::PortError;
use std::path::Path;
use std::time::Duration;

/// Copies the database `from`, which a process may be writing to, to the new file `to`.
///
/// # Errors
/// [`PortError::Unavailable`] if `from` cannot be read or `to` cannot be written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), PortError> {
    // The connection is not read-only. Reading the log of a dead process needs an index, which must be created.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copied = Connection::open_with_flags(from, flags).and_then(|connection| {
        // The log is not changed, because its owner needs it later.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])
    });
    copied.map(|_| ()).map_err(|error| {
        PortError::unavailable("backup", format!("{} cannot be copied: {error}", from.display()))
    })
}
