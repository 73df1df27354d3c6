//! Opens connections: sets the pragmas, creates or upgrades the schema, and checks its version.
//!
//! To change the schema: edit `schema.sql`, raise [`VERSION`], and upgrade older files in [`prepare`].

use super::error::DbError;
use crate::durability::Durability;
use crate::private;
use rusqlite::{Connection, OpenFlags, params};
use segue_model::execution::Execution;
use segue_ports::PortError;
use segue_ports::ended::{class, quarter};
use std::path::Path;
use std::time::Duration;

/// The version of the schema that this code reads and writes. It is in SQLite's `user_version`.
pub(super) const VERSION: i64 = 7;

const SCHEMA: &str = include_str!("schema.sql");

/// Upgrades version 1 to 2: adds triggers and backfills, and the origin of an execution.
const TO_2: &str = include_str!("to_2.sql");

/// Upgrades version 2 to 3: adds counts of deliveries that never ended.
const TO_3: &str = include_str!("to_3.sql");

/// Upgrades version 3 to 4: adds topics, subscriptions and their messages.
const TO_4: &str = include_str!("to_4.sql");

/// Upgrades version 4 to 5: adds when an attempt began.
const TO_5: &str = include_str!("to_5.sql");

/// Upgrades version 5 to 6: adds counts of executions that have ended.
const TO_6: &str = include_str!("to_6.sql");

/// Upgrades version 6 to 7: adds the version that wrote a task run.
const TO_7: &str = include_str!("to_7.sql");

/// The number of prepared statements that a connection keeps. This crate has fewer statements.
const STATEMENTS: usize = 128;

/// Opens the file for the only writer. Creates the schema if the file is new.
pub(super) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, DbError> {
    // The log and its index get the permissions of the file.
    let made = !path.exists();
    private::file(path).map_err(|error| PortError::unavailable("state database", error))?;
    let connection = Connection::open(path)?;
    // The file is synced even if NORMAL follows. With an empty file, SQLite would discard its log.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // A burst leaves a large log behind. It is truncated after its content is copied to the file.
    connection.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))?;
    prepare(&connection, path)?;
    if made && let Some(folder) = path.parent() {
        checkpoint(&connection)?;
        private::sync_folder(folder).map_err(|error| PortError::unavailable("state database", error))?;
    }
    // In WAL mode, NORMAL survives the death of the process at any time, and the file stays consistent after a loss of
    // power. NORMAL syncs only when the log is copied to the file. FULL syncs the log at each commit.
    let synchronous = if durability.is_full() { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

/// Copies the log to the file and empties the log, unless a reader still needs it.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Opens a database in memory.
pub(super) fn open_memory() -> Result<Connection, DbError> {
    let connection = Connection::open_in_memory()?;
    prepare(&connection, Path::new(":memory:"))?;
    Ok(connection)
}

/// Opens a connection that only reads.
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
                    "{} is a database of another program; name another data directory with --data-dir",
                    path.display()
                ))
                .into());
            }
            // The schema is created in one transaction. So a file has the whole schema or no schema.
            connection.execute_batch(&format!("BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"))?;
            Ok(())
        }
        1..VERSION => {
            let steps = [TO_2, TO_3, TO_4, TO_5, TO_6, TO_7];
            let missing = steps.into_iter().zip(2..).filter(|(_, to)| *to > version).map(|(step, _)| step);
            let upgrade: String = missing.collect();
            connection.execute_batch(&format!("BEGIN; {upgrade}"))?;
            // Until version 5 nothing was counted.
            if version < 6 {
                count_ended(connection)?;
            }
            connection.execute_batch(&format!("PRAGMA user_version = {VERSION}; COMMIT;"))?;
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

/// Counts the executions of an older file that have ended. A header that cannot be read is not counted.
fn count_ended(connection: &Connection) -> Result<(), DbError> {
    let mut read = connection.prepare("SELECT namespace, flow_id, header FROM executions")?;
    let mut write = connection.prepare(
        "INSERT INTO ended (quarter, namespace, flow_id, state, class, count) VALUES (?1, ?2, ?3, ?4, ?5, 1)
         ON CONFLICT DO UPDATE SET count = count + 1",
    )?;
    let mut found = read.query([])?;
    while let Some(row) = found.next()? {
        let (namespace, flow, header): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Ok(execution) = serde_json::from_str::<Execution>(&header) else { continue };
        let Some(class) = class(&execution) else { continue };
        let state = &execution.state;
        write.execute(params![
            quarter(state.start_date()),
            namespace,
            flow,
            state.current().as_str(),
            class
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables with their columns, and indexes with the columns they cover.
    fn shape(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare(
                "SELECT m.type || ' ' || m.name || ' ' || coalesce(
                   CASE m.type WHEN 'index' THEN (SELECT group_concat(name) FROM pragma_index_info(m.name))
                   ELSE (SELECT group_concat(name || ' ' || type || ' ' || \"notnull\") FROM pragma_table_info(m.name)) END, '')
                 FROM sqlite_schema m WHERE m.name NOT LIKE 'sqlite_%' ORDER BY 1",
            )
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_file_of_an_older_version_is_upgraded() {
        let old = Connection::open_in_memory().unwrap();
        let first = include_str!("testdata/schema_1.sql");
        old.execute_batch(&format!("{first} PRAGMA user_version = 1;")).unwrap();
        old.execute_batch(
            "INSERT INTO executions (no, version, namespace, flow_id, state, start, labels, header, notes)
             VALUES (1, 0, 'n', 'f', 'SUCCESS', 1, '[]', '{}', 'null')",
        )
        .unwrap();
        prepare(&old, Path::new("old")).unwrap();
        assert_eq!(shape(&old), shape(&open_memory().unwrap()));
        let kept: i64 = old
            .query_row("SELECT count(*) FROM executions WHERE trigger_id IS NULL", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 1);
        prepare(&old, Path::new("old")).unwrap();
    }

    #[test]
    fn executions_of_a_file_that_counted_them_are_not_counted_again() {
        let file = Connection::open_in_memory().unwrap();
        let tables = format!("{}{TO_2}{TO_3}{TO_4}{TO_5}{TO_6}", include_str!("testdata/schema_1.sql"));
        file.execute_batch(&format!("{tables} PRAGMA user_version = 6;")).unwrap();
        let mut ran = Execution::created("e".into(), "n", "f", 1, jiff::Timestamp::UNIX_EPOCH);
        ran.state.enter(segue_model::state::State::Success, jiff::Timestamp::UNIX_EPOCH);
        file.execute(
            "INSERT INTO executions (no, version, namespace, flow_id, state, start, labels, header, notes)
             VALUES (1, 0, 'n', 'f', 'SUCCESS', 1, '[]', ?1, 'null')",
            [serde_json::to_string(&ran).unwrap()],
        )
        .unwrap();
        file.execute("INSERT INTO ended VALUES (0, 'n', 'f', 'SUCCESS', 0, 1)", []).unwrap();
        prepare(&file, Path::new("file")).unwrap();
        let counted: i64 = file.query_row("SELECT sum(count) FROM ended", [], |row| row.get(0)).unwrap();
        assert_eq!(counted, 1);
    }
}
