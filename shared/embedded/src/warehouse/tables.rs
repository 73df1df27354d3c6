//! Finds and describes datasets and tables, and reports missing ones.
//!
//! The module must not know SQL translation and jobs.

use super::catalog::{self, Record};
use super::column_types::{self, ColumnTypes};
use super::error::internal;
use super::external::ExternalTable;
use super::result;
use super::sql::datatype::DataType;
use super::sql::names::{PARTITION_TIME, duckdb_name, message_name};
use duckdb::{Connection, OptionalExt as _, params};
use segue_ports::warehouse::{Column, TableInfo, TableKind, TableReference, WarehouseError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The stored properties of a table, without its columns.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TableDetails {
    pub(crate) partition_by: Option<String>,
    pub(crate) cluster_by: Vec<String>,
    pub(crate) options: Map<String, Value>,
    /// The query of a view, as written. `None` for a table, and for a view of an older version.
    #[serde(default)]
    pub(crate) view_query: Option<String>,
    /// The types that DuckDB keeps as another type.
    #[serde(default)]
    pub(crate) column_types: ColumnTypes,
}

/// Whether a dataset exists.
pub(crate) fn dataset_exists(connection: &Connection, dataset: &str) -> Result<bool, WarehouseError> {
    one(connection, "SELECT 1 FROM duckdb_schemas() WHERE NOT internal AND schema_name <> 'main' AND database_name = current_database() AND lower(schema_name) = lower(?)", &[dataset])
        .map(|found| found.is_some())
}

fn one(connection: &Connection, sql: &str, values: &[&str]) -> Result<Option<i64>, WarehouseError> {
    connection
        .query_row(sql, duckdb::params_from_iter(values), |row| row.get::<_, i64>(0))
        .optional()
        .map_err(|error| internal(&error))
}

/// The kind of a table. `None` if there is no such table.
pub(crate) fn kind(
    connection: &Connection,
    table: &TableReference,
) -> Result<Option<TableKind>, WarehouseError> {
    let names = [table.dataset.as_str(), table.table.as_str()];
    let table_sql = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)";
    if one(connection, table_sql, &names)?.is_some() {
        return Ok(Some(TableKind::Table));
    }
    let view_sql = "SELECT 1 FROM duckdb_views() WHERE database_name = current_database() AND lower(schema_name) = lower(?) AND lower(view_name) = lower(?)";
    if one(connection, view_sql, &names)?.is_none() {
        return Ok(None);
    }
    let external: Option<ExternalTable> = catalog::get(connection, Record::External, &catalog::key(table))?;
    Ok(Some(if external.is_some() { TableKind::External } else { TableKind::View }))
}

/// Refuses a dataset that does not exist.
pub(crate) fn require_dataset(connection: &Connection, table: &TableReference) -> Result<(), WarehouseError> {
    if dataset_exists(connection, &table.dataset)? {
        return Ok(());
    }
    Err(missing_dataset(connection, table.project.as_deref(), &table.dataset))
}

/// The names of all datasets, in order.
pub(crate) fn datasets(connection: &Connection) -> Vec<String> {
    names(
        connection,
        "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal AND database_name = current_database() AND schema_name NOT IN ('main', 'segue_catalog') AND NOT starts_with(schema_name, '_script_') ORDER BY 1",
        &[],
    )
}

/// The error for a dataset that does not exist.
pub(crate) fn missing_dataset(
    connection: &Connection,
    project: Option<&str>,
    dataset: &str,
) -> WarehouseError {
    let name = project.map_or_else(|| dataset.to_owned(), |project| format!("{project}:{dataset}"));
    let known = datasets(connection);
    let hint = if known.is_empty() {
        "create it first, with bigquery.CreateDataset or CREATE SCHEMA".to_owned()
    } else {
        format!("create it first; there are: {}", known.join(", "))
    };
    WarehouseError::NotFound {
        what: "Dataset".into(),
        name: format!("{name} was not found"),
        hint: Some(hint),
    }
}

/// Refuses a table that does not exist.
pub(crate) fn require(connection: &Connection, table: &TableReference) -> Result<TableKind, WarehouseError> {
    if let Some(kind) = kind(connection, table)? {
        return Ok(kind);
    }
    require_dataset(connection, table)?;
    let known = names(
        connection,
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() AND lower(table_schema) = lower(?) ORDER BY 1 LIMIT 20",
        &[&table.dataset],
    );
    let hint = if known.is_empty() {
        "the dataset is empty".to_owned()
    } else {
        format!("the dataset has: {}", known.join(", "))
    };
    Err(WarehouseError::NotFound {
        what: "Table".into(),
        name: format!("{} was not found", message_name(table)),
        hint: Some(hint),
    })
}

/// The names for a hint. Empty if the names cannot be listed.
fn names(connection: &Connection, sql: &str, values: &[&str]) -> Vec<String> {
    let listed = || -> duckdb::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map(duckdb::params_from_iter(values), |row| row.get(0))?;
        rows.collect()
    };
    listed().unwrap_or_default()
}

/// The tables and views of a dataset.
pub(crate) fn list(connection: &Connection, dataset: &str) -> Result<Vec<TableInfo>, WarehouseError> {
    if !dataset_exists(connection, dataset)? {
        return Err(missing_dataset(connection, None, dataset));
    }
    names(connection, "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() AND lower(table_schema) = lower(?) ORDER BY 1", &[dataset])
        .into_iter()
        .map(|name| describe(connection, dataset, &name))
        .collect()
}

/// The description of one table.
pub(crate) fn describe(
    connection: &Connection,
    dataset: &str,
    name: &str,
) -> Result<TableInfo, WarehouseError> {
    let table = TableReference { project: None, dataset: dataset.to_owned(), table: name.to_owned() };
    let kind = require(connection, &table)?;
    let columns = columns(connection, &table)?;
    let details: TableDetails =
        catalog::get(connection, Record::Table, &catalog::key(&table))?.unwrap_or_default();
    let rows = if kind == TableKind::Table {
        let sql = format!("SELECT count(*) FROM {}", duckdb_name(&table));
        let count: i64 =
            connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| internal(&error))?;
        u64::try_from(count).ok()
    } else {
        None
    };
    let width: u64 = columns.iter().map(width).sum();
    Ok(TableInfo {
        dataset: table.dataset,
        table: table.table,
        kind,
        rows,
        bytes: rows.map(|rows| rows.saturating_mul(width)),
        columns,
        description: details.options.get("description").and_then(Value::as_str).map(str::to_owned),
        partition_by: details.partition_by,
        cluster_by: details.cluster_by,
    })
}

/// BigQuery's logical size of a value in bytes. Texts have different lengths, so a typical size is used for them.
fn width(column: &Column) -> u64 {
    match column.data_type.split('(').next().unwrap_or_default() {
        "BOOL" => 1,
        "NUMERIC" | "BYTES" | "STRING" => 16,
        "BIGNUMERIC" => 32,
        _ => 8,
    }
}

fn columns(connection: &Connection, table: &TableReference) -> Result<Vec<Column>, WarehouseError> {
    let types = column_types::of(connection, table)?;
    let read = || -> duckdb::Result<Vec<Column>> {
        let mut statement = connection.prepare(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() WHERE database_name = \
             current_database() AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?) AND column_name <> ? \
             ORDER BY column_index",
        )?;
        let rows = statement.query_map(params![table.dataset, table.table, PARTITION_TIME], |row| {
            let (name, data_type): (String, String) = (row.get(0)?, row.get(1)?);
            let nullable: bool = row.get(2)?;
            let data_type = column_types::known(&types, &name, DataType::from_duckdb(&data_type));
            Ok(result::column(&name, &data_type, !nullable, row.get(3)?))
        })?;
        rows.collect()
    };
    read().map_err(|error| internal(&error))
}

/// The columns with the narrow decimal type.
pub(crate) fn narrow_columns(
    connection: &Connection,
    table: &TableReference,
) -> Result<Vec<String>, WarehouseError> {
    of_type(connection, table, super::sql::datatype::NARROW_NUMERIC)
}

/// The columns of exactly this DuckDB type.
pub(crate) fn of_type(
    connection: &Connection,
    table: &TableReference,
    data_type: &str,
) -> Result<Vec<String>, WarehouseError> {
    let read = || -> duckdb::Result<Vec<String>> {
        let mut statement = connection.prepare(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND lower(schema_name) = \
             lower(?) AND lower(table_name) = lower(?) AND data_type = ?",
        )?;
        let rows = statement.query_map(params![table.dataset, table.table, data_type], |row| row.get(0))?;
        rows.collect()
    };
    read().map_err(|error| internal(&error))
}
