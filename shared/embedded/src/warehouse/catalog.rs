//! Records about datasets, tables and jobs that BigQuery keeps and DuckDB cannot. The records are in tables of the
//! schema `segue_catalog` in the database file. So a record and the change it describes are one transaction.
//!
//! The module must not know how SQL is translated, or files. To add a kind of record, add a variant of [`Record`] and,
//! if needed, typed helpers.

use super::error::internal;
use duckdb::{Connection, OptionalExt as _, params};
use segue_ports::warehouse::{QueryResult, TableReference, WarehouseError};
use serde::Serialize;
use serde::de::DeserializeOwned;

const TABLES: &str = "
CREATE SCHEMA IF NOT EXISTS segue_catalog;
CREATE TABLE IF NOT EXISTS segue_catalog.records (kind VARCHAR, name VARCHAR, content VARCHAR);
CREATE TABLE IF NOT EXISTS segue_catalog.jobs (job_id VARCHAR, script VARCHAR, result VARCHAR, ended TIMESTAMPTZ);
";

/// The largest result that is stored with the record of its job, in bytes.
pub(super) const KEPT_RESULT_BYTES: usize = 1 << 20;

/// The kind of a record. Records of one kind have different names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record {
    /// Location, description and labels of a dataset.
    Dataset,
    /// The declaration of an external table.
    External,
    /// Partitioning, clustering and options of a table.
    Table,
    /// The tables that a view reads.
    View,
    /// A function written in SQL.
    Function,
    /// A procedure.
    Procedure,
    /// The time when a script began that has temporary tables. The name is their dataset.
    Script,
    /// The state of a session. The name is its id.
    Session,
}

impl Record {
    fn kind(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::External => "external",
            Self::Table => "table",
            Self::View => "view",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Script => "script",
            Self::Session => "session",
        }
    }
}

/// Creates the catalogue's tables if they do not exist.
pub(crate) fn prepare(connection: &Connection) -> Result<(), WarehouseError> {
    connection.execute_batch(TABLES).map_err(|error| internal(&error))
}

/// The name of a table's record.
pub(crate) fn key(table: &TableReference) -> String {
    format!("{}.{}", table.dataset.to_lowercase(), table.table.to_lowercase())
}

/// Reads a record. `None` if there is no such record.
pub(crate) fn get<T: DeserializeOwned>(
    connection: &Connection,
    record: Record,
    name: &str,
) -> Result<Option<T>, WarehouseError> {
    let content: Option<String> = connection
        .query_row(
            "SELECT content FROM segue_catalog.records WHERE kind = ? AND name = ?",
            params![record.kind(), name],
            |row| row.get(0),
        )
        .optional()
        .map_err(|error| internal(&error))?;
    content.map(|content| decode(&content)).transpose()
}

/// The names and contents of all records of a kind.
pub(crate) fn all<T: DeserializeOwned>(
    connection: &Connection,
    record: Record,
) -> Result<Vec<(String, T)>, WarehouseError> {
    let read = || -> duckdb::Result<Vec<(String, String)>> {
        let mut statement = connection
            .prepare("SELECT name, content FROM segue_catalog.records WHERE kind = ? ORDER BY name")?;
        let rows = statement.query_map(params![record.kind()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let found = read().map_err(|error| internal(&error))?;
    found.into_iter().map(|(name, content)| Ok((name, decode(&content)?))).collect()
}

/// Writes a record, and replaces an older record with the same name.
pub(crate) fn put<T: Serialize>(
    connection: &Connection,
    record: Record,
    name: &str,
    content: &T,
) -> Result<(), WarehouseError> {
    remove(connection, record, name)?;
    connection
        .execute(
            "INSERT INTO segue_catalog.records VALUES (?, ?, ?)",
            params![record.kind(), name, encode(content)?],
        )
        .map(|_| ())
        .map_err(|error| internal(&error))
}

/// Removes a record. Does nothing if there is no such record.
pub(crate) fn remove(connection: &Connection, record: Record, name: &str) -> Result<(), WarehouseError> {
    connection
        .execute(
            "DELETE FROM segue_catalog.records WHERE kind = ? AND name = ?",
            params![record.kind(), name],
        )
        .map(|_| ())
        .map_err(|error| internal(&error))
}

/// Removes all records of a dataset and of its tables.
pub(crate) fn remove_dataset(connection: &Connection, dataset: &str) -> Result<(), WarehouseError> {
    let name = dataset.to_lowercase();
    connection
        .execute(
            "DELETE FROM segue_catalog.records WHERE name = ? OR starts_with(name, ?)",
            params![name, format!("{name}.")],
        )
        .map(|_| ())
        .map_err(|error| internal(&error))
}

/// The result of a job that succeeded. `None` if the job has no record.
pub(crate) fn job(connection: &Connection, job_id: &str) -> Result<Option<QueryResult>, WarehouseError> {
    let found: Option<String> = connection
        .query_row("SELECT result FROM segue_catalog.jobs WHERE job_id = ?", params![job_id], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| internal(&error))?;
    found.map(|result| decode(&result)).transpose()
}

/// Writes the record of a job that succeeded.
pub(crate) fn put_job(
    connection: &Connection,
    job_id: &str,
    script: &str,
    result: &QueryResult,
) -> Result<(), WarehouseError> {
    connection
        .execute(
            "INSERT INTO segue_catalog.jobs VALUES (?, ?, ?, now())",
            params![job_id, script, encode(result)?],
        )
        .map(|_| ())
        .map_err(|error| internal(&error))
}

/// Removes the records of the statements of a script that has a record itself.
pub(crate) fn forget_statements(connection: &Connection, job_id: &str) -> Result<(), WarehouseError> {
    connection
        .execute("DELETE FROM segue_catalog.jobs WHERE starts_with(job_id, ?)", params![format!("{job_id}/")])
        .map(|_| ())
        .map_err(|error| internal(&error))
}

fn encode<T: Serialize>(content: &T) -> Result<String, WarehouseError> {
    serde_json::to_string(content).map_err(|error| WarehouseError::Unavailable { message: error.to_string() })
}

fn decode<T: DeserializeOwned>(content: &str) -> Result<T, WarehouseError> {
    serde_json::from_str(content).map_err(|error| WarehouseError::Unavailable {
        message: format!(
            "a record of the warehouse file was written by another version of Segue and cannot be read: {error}"
        ),
    })
}
