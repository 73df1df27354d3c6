//! Converts values to columns and back.

use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;

/// A time as a column that can be compared: nanoseconds since 1970, limited to 64 bits.
pub(super) fn nanos(instant: Timestamp) -> i64 {
    let limit = if instant < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    i64::try_from(instant.as_nanosecond()).unwrap_or(limit)
}

/// The time in a column of nanoseconds.
pub(super) fn instant(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::MAX)
}

/// A value as JSON without spaces.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<String, DbError> {
    Ok(serde_json::to_string(value)?)
}

/// Reads a value from JSON.
pub(super) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    Ok(serde_json::from_str(text)?)
}

/// A count as a column.
pub(super) fn count(number: u64) -> Result<i64, DbError> {
    i64::try_from(number)
        .map_err(|_| PortError::invalid(format!("{number} is larger than the state store can store")).into())
}

/// The count in a column. Columns with counts are never negative.
pub(super) fn uncount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The key of the row at a position of an execution.
pub(super) fn row_key(execution: i64, position: u64) -> Result<i64, DbError> {
    let (Ok(position), Ok(execution)) = (u32::try_from(position), i32::try_from(execution)) else {
        return Err(PortError::invalid(format!(
            "an execution can have at most {} task runs and as many log lines",
            u32::MAX
        ))
        .into());
    };
    Ok((i64::from(execution) << 32) | i64::from(position))
}

/// The keys of all rows of an execution.
pub(super) fn row_keys(execution: i64) -> RangeInclusive<i64> {
    let first = execution << 32;
    first..=(first | i64::from(u32::MAX))
}

/// The position in the key of a row.
pub(super) fn position(row_key: i64) -> u64 {
    uncount(row_key & i64::from(u32::MAX))
}

/// The number of an execution. `None` if the execution is unknown.
pub(super) fn number(connection: &Connection, id: &str) -> Result<Option<i64>, DbError> {
    let mut statement = connection.prepare_cached("SELECT no FROM execution_ids WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// The number of an execution. An unknown execution gets a new number.
pub(super) fn number_of(connection: &Connection, id: &ExecutionId) -> Result<i64, DbError> {
    if let Some(number) = number(connection, id.as_str())? {
        return Ok(number);
    }
    connection.prepare_cached("INSERT INTO execution_ids (id) VALUES (?1)")?.execute([id.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// All rows of a query.
pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
) -> Result<Vec<T>, DbError> {
    connection.prepare_cached(sql)?.query_and_then(params, read)?.collect()
}

/// The first row of a query. `None` if the query has no rows.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
) -> Result<Option<T>, DbError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Makes a change and returns the number of changed rows.
pub(super) fn run(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, DbError> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_their_order_at_the_ends() {
        assert_eq!(instant(nanos(Timestamp::UNIX_EPOCH)), Timestamp::UNIX_EPOCH);
        assert_eq!(nanos(Timestamp::MAX), i64::MAX);
        assert_eq!(nanos(Timestamp::MIN), i64::MIN);
    }

    #[test]
    fn places_of_one_execution_never_meet_those_of_another() {
        assert_eq!(row_key(7, 0).unwrap(), *row_keys(7).start());
        assert_eq!(row_key(7, u64::from(u32::MAX)).unwrap(), *row_keys(7).end());
        assert!(row_keys(7).end() < row_keys(8).start());
        assert_eq!(position(row_key(7, 12).unwrap()), 12);
        assert!(row_key(7, u64::from(u32::MAX) + 1).is_err());
    }
}
