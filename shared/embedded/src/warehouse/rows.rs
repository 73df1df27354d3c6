//! Runs statements that write rows, and counts the rows.

use super::engine::{Engine, Failure};

/// Runs a statement that writes rows, and returns the number of rows. DuckDB returns the number as the only row of the
/// result. Its count of changes stays at zero after CREATE TABLE AS.
pub(crate) fn written(engine: &Engine, sql: &str) -> Result<u64, Failure> {
    let count: i64 = engine.connection.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}
