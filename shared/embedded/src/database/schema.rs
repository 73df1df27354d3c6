//! Opening connections: pragmas, and the schema with its version.
//!
//! To change the schema: edit `schema.sql`, raise [`VERSION`], and bring older files up in [`prepare`].

use super::error::DbError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use segue_ports::PortError;
use std::path::Path;
use std::time::Duration;

/// The schema this code reads and writes, kept in SQLite's `user_version`.
pub(super) const VERSION: i64 = 1;

const SCHEMA: &str = include_str!("schema.sql");

/// How many statements a connection keeps prepared: more than there are in this crate.
const STATEMENTS: usize = 128;

/// Opens the file for the one writer and lays the schema where there is none.
pub(super) fn open_writer(path: &Path) -> Result<Connection, DbError> {
    let connection = Connection::open(path)?;
    // Two syncs cost more than all else in a short run: the one on laying the schema, when there is nothing to
    // lose yet, and the one on closing, which only moves the log into the file; the next to open reads the log.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // A burst leaves a large log behind; it is cut back once it has been carried over.
    connection.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))?;
    prepare(&connection, path)?;
    // In WAL, NORMAL survives the death of the process at any moment, and that of the machine with a
    // consistent file; it syncs at checkpoints only.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// Opens a database that lives in memory.
pub(super) fn open_memory() -> Result<Connection, DbError> {
    let connection = Connection::open_in_memory()?;
    prepare(&connection, Path::new(":memory:"))?;
    Ok(connection)
}

/// Opens one more connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
    Ok(connection)
}

fn settle(connection: &Connection) -> Result<(), DbError> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), DbError> {
    settle(connection)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        VERSION => Ok(()),
        0 => {
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables > 0 {
                return Err(PortError::invalid(format!(
                    "{} is a database, but not one of Segue's; name another data directory with --data-dir",
                    path.display()
                ))
                .into());
            }
            // One transaction: a file has the whole schema or none of it.
            connection.execute_batch(&format!("BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"))?;
            Ok(())
        }
        other => Err(PortError::invalid(format!(
            "{} was written by a newer Segue (schema {other}, this one knows {VERSION}); \
             use that version, or name another data directory with --data-dir",
            path.display()
        ))
        .into()),
    }
}
