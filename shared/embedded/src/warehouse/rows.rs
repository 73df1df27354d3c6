//! Runs statements that write rows, and counts the rows.

use super::engine::{Engine, Failure};
use super::sql::names::{duckdb_name, quote};
use super::tables;
use segue_ports::warehouse::TableReference;

/// Runs a statement that writes rows, and returns the number of rows. DuckDB returns the number as the only row of the
/// result. Its count of changes stays at zero after CREATE TABLE AS.
pub(crate) fn written(engine: &Engine, sql: &str) -> Result<u64, Failure> {
    let count: i64 = engine.connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Changes 128-bit columns to BIGINT. A sum of INT64 is a 128-bit number in DuckDB, but an INT64 in BigQuery.
pub(crate) fn settle_types(engine: &Engine, table: &TableReference) -> Result<(), Failure> {
    for column in tables::of_type(&engine.connection, table, "HUGEINT")? {
        let sql = format!("ALTER TABLE {} ALTER COLUMN {} TYPE BIGINT", duckdb_name(table), quote(&column));
        engine.connection.execute_batch(&sql)?;
    }
    Ok(())
}
