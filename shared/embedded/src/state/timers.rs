//! Timers with the time when they fire.

use super::codec::{first, instant, nanos, number, number_of, rows, run};
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use segue_model::id::ExecutionId;
use segue_ports::state::Timer;

/// Sets timers. `now` is the time of the clock. `None` if the time is unknown.
pub(super) fn set(connection: &Connection, timers: &[Timer], now: Option<Timestamp>) -> Result<(), DbError> {
    let set_at = now.map(nanos).unwrap_or_default();
    for timer in timers {
        run(
            connection,
            "INSERT INTO timers (execution, key, due, set_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (execution, key) DO UPDATE SET due = excluded.due, set_at = excluded.set_at",
            params![number_of(connection, &timer.execution_id)?, timer.key, nanos(timer.due), set_at],
        )?;
    }
    Ok(())
}

/// Moves timers earlier that were set while the clock was ahead of `now`. Each timer moves by the amount that the clock
/// was ahead. The timer of an execution with a start date is not moved, because a person chose this date.
pub(super) fn clock_went_back(connection: &Connection, now: Timestamp) -> Result<u64, DbError> {
    let changed = run(
        connection,
        "UPDATE timers SET due = due - (set_at - ?1), set_at = ?1 WHERE set_at > ?1 AND key <> ?2",
        params![nanos(now), START],
    )?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

/// The key of the timer for the start date of an execution.
const START: &str = "start";

pub(super) fn due(connection: &Connection, now: Timestamp, limit: u32) -> Result<Vec<Timer>, DbError> {
    rows(
        connection,
        "SELECT i.id, t.key, t.due FROM timers t INDEXED BY timers_by_due
         CROSS JOIN execution_ids i ON i.no = t.execution
         WHERE t.due <= ?1 ORDER BY t.due LIMIT ?2",
        params![nanos(now), limit],
        |row| {
            Ok(Timer {
                execution_id: row.get::<_, String>(0)?.into(),
                key: row.get(1)?,
                due: instant(row.get(2)?),
            })
        },
    )
}

pub(super) fn one(
    connection: &Connection,
    execution: &ExecutionId,
    key: &str,
) -> Result<Option<Timer>, DbError> {
    let Some(no) = number(connection, execution.as_str())? else { return Ok(None) };
    first(connection, "SELECT due FROM timers WHERE execution = ?1 AND key = ?2", params![no, key], |row| {
        Ok(Timer { execution_id: execution.clone(), key: key.to_owned(), due: instant(row.get(0)?) })
    })
}

pub(super) fn next(connection: &Connection) -> Result<Option<Timestamp>, DbError> {
    let due: Option<i64> =
        first(connection, "SELECT min(due) FROM timers", [], |row| Ok(row.get(0)?))?.flatten();
    Ok(due.map(instant))
}

pub(super) fn clear(connection: &Connection, timer: &Timer) -> Result<(), DbError> {
    if let Some(no) = number(connection, timer.execution_id.as_str())? {
        run(
            connection,
            "DELETE FROM timers WHERE execution = ?1 AND key = ?2 AND due = ?3",
            params![no, timer.key, nanos(timer.due)],
        )?;
    }
    Ok(())
}

pub(super) fn clear_key(connection: &Connection, execution: i64, key: &str) -> Result<(), DbError> {
    run(connection, "DELETE FROM timers WHERE execution = ?1 AND key = ?2", params![execution, key])?;
    Ok(())
}
