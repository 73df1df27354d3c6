//! Log lines in the order of their arrival.

use super::codec::{count, decode, first, number, number_of, position, row_key, row_keys, rows, run};
use super::rows::{LogRow, severity};
use crate::database::DbError;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::log_line::{LineFilter, LineIndex, LinesAt, NumberedLine};
use segue_ports::state::LogPage;

pub(super) fn append(connection: &Connection, lines: &[LogRow]) -> Result<(), DbError> {
    for chunk in lines.chunk_by(|left, right| left.execution == right.execution) {
        let Some(line) = chunk.first() else { continue };
        let no = number_of(connection, &line.execution)?;
        let mut next = next_position(connection, no)?;
        for line in chunk {
            run(
                connection,
                "INSERT INTO logs (place, level, body) VALUES (?1, ?2, ?3)",
                params![row_key(no, next)?, line.level, line.body],
            )?;
            next = next.saturating_add(1);
        }
    }
    Ok(())
}

fn next_position(connection: &Connection, no: i64) -> Result<u64, DbError> {
    let of = row_keys(no);
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
    let of = row_keys(no);
    // The lowest level matches every line. So the position is computed, and no lines need to be skipped.
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

/// The next lines of an execution from a position on.
pub(super) fn page(
    connection: &Connection,
    execution: &ExecutionId,
    min_level: LogLevel,
    from: u64,
    limit: u32,
) -> Result<LogPage, DbError> {
    let Some(no) = number(connection, execution.as_str())? else { return Ok(LogPage::default()) };
    let of = row_keys(no);
    let found: Vec<(u64, LogEntry)> = rows(
        connection,
        "SELECT place, body FROM logs WHERE place BETWEEN ?1 AND ?2 AND level >= ?3 ORDER BY place LIMIT ?4",
        [of.start().saturating_add(count(from)?), *of.end(), severity(min_level), i64::from(limit)],
        |row| Ok((position(row.get(0)?), decode(&row.get::<_, String>(1)?)?)),
    )?;
    let more = found.len() as u64 >= u64::from(limit);
    let next = found.last().map_or(from, |(last, _)| last.saturating_add(1));
    Ok(LogPage { lines: found.into_iter().map(|(_, line)| line).collect(), next, more })
}

/// The condition that a message has a text, with its values. Upper and lower case of ASCII letters are the same.
///
/// Reading the message out of the JSON takes most of the time of a search, so first the JSON itself is compared. It has
/// every text as it is, except quotes, backslashes and control characters.
pub(super) fn has_text(body: &str, text: &str) -> (String, Vec<Value>) {
    let exact = format!("instr(lower({body} ->> '$.message'), lower(?)) > 0");
    // SQLite refuses patterns above 50,000 bytes.
    let is_long = text.len() > 1_000;
    if is_long || text.chars().any(|letter| letter.is_control() || matches!(letter, '"' | '\\')) {
        return (exact, vec![text.to_owned().into()]);
    }
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    // CASE fixes the order of the two.
    let sql = format!("CASE WHEN {body} LIKE ? ESCAPE '!' THEN {exact} ELSE 0 END");
    (sql, vec![pattern.into(), text.to_owned().into()])
}

/// The part of a query that a filter needs, after the range of positions and the level, with its values.
fn conditions(filter: &LineFilter) -> (String, Vec<Value>) {
    let mut sql = String::new();
    let mut values = Vec::new();
    if let Some(run) = &filter.task_run {
        sql.push_str(" AND body ->> '$.taskRunId' = ?");
        values.push(run.clone().into());
    }
    if let Some(attempt) = filter.attempt {
        sql.push_str(" AND body ->> '$.attemptNumber' = ?");
        values.push(i64::from(attempt).into());
    }
    if let Some(text) = &filter.text {
        let (condition, more) = has_text("body", text);
        sql.push_str(" AND ");
        sql.push_str(&condition);
        values.extend(more);
    }
    (sql, values)
}

/// A part of the log of an execution, by the numbers of its lines.
pub(super) fn lines(
    connection: &Connection,
    execution: &ExecutionId,
    filter: &LineFilter,
    at: LinesAt,
    limit: u32,
) -> Result<Vec<NumberedLine>, DbError> {
    let Some(no) = number(connection, execution.as_str())? else { return Ok(Vec::new()) };
    let of = row_keys(no);
    // A number counts from 1, and a position from 0.
    let most = u64::from(u32::MAX);
    let (from, to, order) = match at {
        LinesAt::After(number) => (of.start().saturating_add(count(number.min(most))?), *of.end(), "ASC"),
        LinesAt::Before(number) => {
            let last = of.start().saturating_add(count(number.min(most))?).saturating_sub(2);
            (*of.start(), last, "DESC")
        }
    };
    let (sql, more) = conditions(filter);
    let mut values: Vec<Value> = vec![from.into(), to.into(), severity(filter.min_level).into()];
    values.extend(more);
    values.push(i64::from(limit).into());
    let mut found = rows(
        connection,
        &format!(
            "SELECT place, body FROM logs WHERE place BETWEEN ? AND ? AND level >= ?{sql} ORDER BY place {order} LIMIT ?"
        ),
        params_from_iter(values),
        |row| {
            let number = position(row.get(0)?).saturating_add(1);
            Ok(NumberedLine { number, line: decode(&row.get::<_, String>(1)?)? })
        },
    )?;
    if matches!(at, LinesAt::Before(_)) {
        found.reverse();
    }
    Ok(found)
}

/// How many lines of an execution match, and the numbers of the first ones.
pub(super) fn index(
    connection: &Connection,
    execution: &ExecutionId,
    filter: &LineFilter,
    most: u32,
) -> Result<LineIndex, DbError> {
    let Some(no) = number(connection, execution.as_str())? else { return Ok(LineIndex::default()) };
    let total = next_position(connection, no)?;
    if filter.is_all() {
        // Positions have no gaps, so no line needs to be read.
        let numbers = (1..=total).take(most as usize).collect();
        return Ok(LineIndex { total, found: total, numbers });
    }
    let of = row_keys(no);
    let (sql, more) = conditions(filter);
    let mut values: Vec<Value> =
        vec![(*of.start()).into(), (*of.end()).into(), severity(filter.min_level).into()];
    values.extend(more);
    let mut numbers = rows(
        connection,
        &format!("SELECT place FROM logs WHERE place BETWEEN ? AND ? AND level >= ?{sql} ORDER BY place"),
        params_from_iter(values),
        |row| Ok(position(row.get(0)?).saturating_add(1)),
    )?;
    let found = numbers.len() as u64;
    numbers.truncate(most as usize);
    Ok(LineIndex { total, found, numbers })
}

pub(super) fn delete(connection: &Connection, execution: &ExecutionId) -> Result<u64, DbError> {
    let Some(no) = number(connection, execution.as_str())? else { return Ok(0) };
    let of = row_keys(no);
    let lines = run(connection, "DELETE FROM logs WHERE place BETWEEN ?1 AND ?2", [of.start(), of.end()])?;
    Ok(u64::try_from(lines).unwrap_or(u64::MAX))
}
