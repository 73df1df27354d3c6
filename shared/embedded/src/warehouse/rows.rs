//! Rows that a statement writes.

use super::engine::{Engine, Failure};
use super::sql::names::{duckdb_name, quote};
use super::tables;
use segue_ports::warehouse::TableReference;

/// Runs a statement that writes rows and returns their number. DuckDB returns one number, also for CREATE
/// TABLE AS, where its own count of changes stays at zero.
pub(crate) fn written(engine: &Engine, sql: &str) -> Result<u64, Failure> {
    let count: i64 = engine.connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Sums of INT64 are 128-bit numbers in DuckDB. In BigQuery they are INT64.
pub(crate) fn settle_types(engine: &Engine, table: &TableReference) -> Result<(), Failure> {
    for column in tables::of_type(&engine.connection, table, "HUGEINT")? {
        let sql = format!("ALTER TABLE {} ALTER COLUMN {} TYPE BIGINT", duckdb_name(table), quote(&column));
        engine.connection.execute_batch(&sql)?;
    }
    Ok(())
}
