//! Searches the lines of many executions, newest execution first.
//!
//! One pass finds the places of all lines that are counted. The lines of the page are then read by their places.

use super::codec::{decode, first, nanos, position, rows};
use super::logs::has_text;
use super::rows::{level, severity};
use super::search::in_namespace;
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use segue_ports::log_line::{FoundLines, Moment, NumberedLine};
use segue_ports::state::LogFilter;

/// The largest number of lines that a search counts.
const MOST_COUNTED: u32 = 10_000;
/// SQLite reads the fraction of a second to the millisecond, in seconds.
const EXACT_TO: f64 = 0.001;

/// The lines of a page, and the number of all matching lines, at most [`MOST_COUNTED`].
pub(super) fn search(connection: &Connection, filter: &LogFilter) -> Result<FoundLines, DbError> {
    let (conditions, values) = conditions(filter);
    let (limit, offset) = (filter.limit as usize, filter.offset as usize);
    let last = i64::from(filter.offset).saturating_add(i64::from(filter.limit));
    let most = if limit == 0 { -1 } else { last.max(i64::from(MOST_COUNTED)) };
    // The moment is written in the JSON of a line, so reading it takes time.
    let has_moments = filter.moments || filter.start.is_some() || filter.end.is_some();
    let moment = if has_moments { "l.level, l.body ->> '$.timestamp'" } else { "0, NULL" };
    let sql = format!(
        "SELECT l.place, {moment} FROM logs l CROSS JOIN executions e ON e.no = l.place >> 32 WHERE {conditions}
         ORDER BY l.place DESC LIMIT {most}"
    );
    let read = rows(connection, &sql, params_from_iter(values), |row| {
        let at = row.get::<_, Option<String>>(2)?;
        let at = at.and_then(|at| at.parse::<Timestamp>().ok());
        let moment = at.map(|at| Ok::<_, DbError>(Moment { at, level: level(row.get(1)?) })).transpose()?;
        Ok((row.get::<_, i64>(0)?, moment))
    })?;
    let mut places = Vec::new();
    let mut found = FoundLines::default();
    for (place, moment) in read {
        let is_in_time = moment.is_none_or(|moment| {
            filter.start.is_none_or(|start| moment.at >= start)
                && filter.end.is_none_or(|end| moment.at <= end)
        });
        if is_in_time {
            places.push(place);
            found.moments.extend(moment.filter(|_| filter.moments));
        }
    }
    found.moments.truncate(MOST_COUNTED as usize);
    found.total = (places.len() as u64).min(u64::from(MOST_COUNTED));
    let wanted = places.iter().skip(offset).take(if limit == 0 { usize::MAX } else { limit });
    for place in wanted {
        let number = position(*place).saturating_add(1);
        let line = first(connection, "SELECT body FROM logs WHERE place = ?1", [place], |row| {
            Ok(NumberedLine { number, line: decode(&row.get::<_, String>(0)?)? })
        })?;
        found.lines.extend(line);
    }
    Ok(found)
}

/// The conditions of a filter in SQL, with their values. A line at the edge of the times may pass and is not wanted.
fn conditions(filter: &LogFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["l.level >= ?".to_owned()];
    let mut values: Vec<Value> = vec![severity(filter.min_level).into()];
    if let Some(text) = &filter.text {
        let (condition, more) = has_text("l.body", text);
        conditions.push(condition);
        values.extend(more);
    }
    if let Some(namespace) = &filter.namespace {
        let mut names = Vec::new();
        conditions.push(in_namespace("e.namespace", namespace, &mut names));
        values.extend(names.into_iter().map(Value::from));
    }
    for (column, value) in [("e.flow_id", &filter.flow_id), ("e.trigger_id", &filter.trigger_id)] {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(value.clone().into());
        }
    }
    for (key, value) in &filter.labels {
        conditions.push(
            "EXISTS (SELECT 1 FROM labels o WHERE o.key = ? AND o.value = ? AND o.start = e.start AND o.no = e.no)"
                .to_owned(),
        );
        values.extend([Value::from(key.clone()), value.clone().into()]);
    }
    if let Some(task) = &filter.task_id {
        conditions.push("l.body ->> '$.taskId' = ?".to_owned());
        values.push(task.clone().into());
    }
    for (operator, bound, near) in [(">=", filter.start, -EXACT_TO), ("<=", filter.end, EXACT_TO)] {
        if let Some(bound) = bound {
            // The texts of times cannot be compared, because their fractions of seconds differ in length.
            conditions.push(format!("unixepoch(l.body ->> '$.timestamp', 'subsec') {operator} ?"));
            values.push((nanos(bound) as f64 / 1e9 + near).into());
        }
    }
    (conditions.join(" AND "), values)
}
