//! Partitions by time. DuckDB's tables have none, so a partition is the rows with its id.
//!
//! The module must not know who reads or writes a partition. To add a kind of partition, add a branch in [`Ids::of`].

use super::engine::{Engine, Failure};
use super::rows::written;
use super::sql::invalid;
use super::sql::names::{duckdb_name, literal, message_name, quote};
use super::tables::TableDetails;
use segue_ports::warehouse::{TableReference, WarehouseError, WriteDisposition};

/// How the partitions of a table are named.
pub(crate) struct Ids {
    /// The id of a row, in DuckDB's syntax.
    pub(crate) sql: String,
    /// The number of digits of an id.
    digits: usize,
}

impl Ids {
    /// Reads the expression after PARTITION BY. `None` if the partitions are not partitions by the time in a column.
    pub(crate) fn of(partition_by: &str) -> Option<Self> {
        let upper = partition_by.to_uppercase();
        if upper.contains("RANGE_BUCKET") || upper.contains("_PARTITION") {
            return None;
        }
        let (format, digits) = if upper.contains("HOUR") {
            ("%Y%m%d%H", 10)
        } else if upper.contains("MONTH") {
            ("%Y%m", 6)
        } else if upper.contains("YEAR") {
            ("%Y", 4)
        } else {
            ("%Y%m%d", 8)
        };
        let column = quote(&super::shapes::partition_column(partition_by));
        Some(Self { sql: format!("coalesce(strftime({column}, '{format}'), '__NULL__')"), digits })
    }
}

/// Writes the rows of a query into one partition, as `table$id` asks. Returns the number of rows.
pub(crate) fn write(
    engine: &Engine,
    table: &TableReference,
    id: &str,
    details: &TableDetails,
    disposition: WriteDisposition,
    sql: &str,
) -> Result<u64, Failure> {
    let name = message_name(table);
    let refused = |message: &str, hint: &str| -> Failure { invalid(message, None, Some(hint)).into() };
    let Some(by) = &details.partition_by else {
        let message = format!("{name} is not partitioned, so it has no partition ${id}");
        return Err(refused(&message, "name the table without $"));
    };
    let Some(ids) = Ids::of(by) else {
        let message = format!("The partitions of {name} by {by} are not supported by the embedded warehouse");
        return Err(refused(&message, "partition the table by the time in a column"));
    };
    let is_id = id == "__NULL__" || (id.len() == ids.digits && id.chars().all(|c| c.is_ascii_digit()));
    if !is_id {
        let message = format!("The partition id '{id}' is invalid for {name}, which is partitioned by {by}");
        return Err(refused(&message, &format!("write {} digits", ids.digits)));
    }
    let target = duckdb_name(table);
    let (own, others) = (format!("{} = {}", ids.sql, literal(id)), format!("{} <> {}", ids.sql, literal(id)));
    let count = |filter: &str| -> Result<i64, Failure> {
        let sql = format!("SELECT count(*) FROM {target} WHERE {filter}");
        Ok(engine.connection.query_row(&sql, [], |row| row.get(0))?)
    };
    match disposition {
        WriteDisposition::WriteTruncate | WriteDisposition::WriteTruncateData => {
            engine.connection.execute(&format!("DELETE FROM {target} WHERE {own}"), [])?;
        }
        WriteDisposition::WriteEmpty if count(&own)? > 0 => {
            let name = format!("{name}${id}");
            return Err(WarehouseError::AlreadyExists { what: "Table".into(), name }.into());
        }
        WriteDisposition::WriteEmpty | WriteDisposition::WriteAppend => {}
    }
    let before = count(&others)?;
    let rows = written(engine, &format!("INSERT INTO {target} BY NAME {sql}"))?;
    if count(&others)? != before {
        let message =
            format!("Some rows belong to different partitions rather than destination partition {name}${id}");
        return Err(refused(&message, "filter the rows of the query by the partition"));
    }
    Ok(rows)
}
