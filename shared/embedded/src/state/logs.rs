//! Logs: lines in the order in which they came.

use super::codec::{count, decode, first, number, number_of, place, places, position, rows, run};
use super::rows::{LogRow, severity};
use crate::database::DbError;
use rusqlite::{Connection, params};
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};

pub(super) fn append(connection: &Connection, lines: &[LogRow]) -> Result<(), DbError> {
    for chunk in lines.chunk_by(|left, right| left.execution == right.execution) {
        let Some(line) = chunk.first() else { continue };
        let no = number_of(connection, &line.execution)?;
        let mut next = next_position(connection, no)?;
        for line in chunk {
            run(
                connection,
                "INSERT INTO logs (place, level, body) VALUES (?1, ?2, ?3)",
                params![place(no, next)?, line.level, line.body],
            )?;
            next = next.saturating_add(1);
        }
    }
    Ok(())
}

fn next_position(connection: &Connection, no: i64) -> Result<u64, DbError> {
    let of = places(no);
    let last: Option<i64> = first(
        connection,
        "SELECT max(place) FROM logs WHERE place BETWEEN ?1 AND ?2",
        [of.start(), of.end()],
        |row| Ok(row.get(0)?),
    )?
    .flatten();
    Ok(last.map_or(0, |last| position(last).saturating_add(1)))
}

pub(super) fn read(
    connection: &Connection,
    execution: &ExecutionId,
    min_level: LogLevel,
    after: u64,
) -> Result<Vec<LogEntry>, DbError> {
    let Some(no) = number(connection, execution.as_str())? else { return Ok(Vec::new()) };
    let of = places(no);
    // At the lowest level nothing is left out, so a follower's place is found without passing over lines.
    let (from, skip) = if min_level == LogLevel::Trace {
        (of.start().saturating_add(count(after)?), 0)
    } else {
        (*of.start(), count(after)?)
    };
    rows(
        connection,
        "SELECT body FROM logs WHERE place BETWEEN ?1 AND ?2 AND level >= ?3
         ORDER BY place LIMIT -1 OFFSET ?4",
        [from, *of.end(), severity(min_level), skip],
        |row| decode(&row.get::<_, String>(0)?),
    )
}
