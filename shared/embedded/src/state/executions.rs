//! Creates, reads, changes and removes executions.

use super::codec::{
    count, decode, first, number, number_of, position, row_key, row_keys, rows, run, uncount,
};
use super::rows::{CommitRows, ExecutionRow, NewRows};
use super::{ended, kv, logs, timers};
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::state::State;
use segue_ports::PortError;
use segue_ports::state::{ExecutionSince, StoredExecution};
use std::collections::HashSet;

pub(super) fn create(connection: &Connection, new: &NewRows) -> Result<bool, DbError> {
    let row = &new.execution;
    let no = number_of(connection, &row.id)?;
    let made = run(
        connection,
        "INSERT INTO executions
           (no, version, namespace, flow_id, state, start, labels, header, notes, trigger_id, slot, fired_by)
         VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?11, ?8, ?9, ?10) ON CONFLICT (no) DO NOTHING",
        params![
            no,
            row.namespace,
            row.flow_id,
            row.state,
            row.start,
            row.labels,
            row.header,
            row.trigger_id,
            row.slot,
            row.fired_by,
            new.notes
        ],
    )?;
    if made == 0 {
        return Ok(false);
    }
    add_labels(connection, no, row)?;
    ended::moved(connection, row, None)?;
    put_task_runs(connection, no, 0, &new.task_runs)?;
    Ok(true)
}

pub(super) fn load(connection: &Connection, id: &ExecutionId) -> Result<Option<StoredExecution>, DbError> {
    let Some(no) = number(connection, id.as_str())? else { return Ok(None) };
    let found =
        first(connection, "SELECT header, notes, version FROM executions WHERE no = ?1", [no], |row| {
            Ok((decode(&row.get::<_, String>(0)?)?, decode(&row.get::<_, String>(1)?)?, uncount(row.get(2)?)))
        })?;
    let Some((execution, notes, version)) = found else { return Ok(None) };
    let of = row_keys(no);
    let task_runs = rows(
        connection,
        "SELECT place, body FROM task_runs WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
        [of.start(), of.end()],
        |row| Ok((position(row.get(0)?), decode(&row.get::<_, String>(1)?)?)),
    )?;
    Ok(Some(StoredExecution { execution, task_runs, notes, version }))
}

/// An execution with the task runs that were written after a version. A range of rows is read, and only new rows are
/// decoded.
pub(super) fn load_since(
    connection: &Connection,
    id: &ExecutionId,
    since: Option<u64>,
) -> Result<Option<ExecutionSince>, DbError> {
    let Some(no) = number(connection, id.as_str())? else { return Ok(None) };
    let found = first(connection, "SELECT header, version FROM executions WHERE no = ?1", [no], |row| {
        Ok((decode(&row.get::<_, String>(0)?)?, uncount(row.get(1)?)))
    })?;
    let Some((execution, version)) = found else { return Ok(None) };
    let of = row_keys(no);
    let after = since.map_or(Ok(-1), count)?;
    let task_runs = if since == Some(version) {
        Vec::new()
    } else {
        rows(
            connection,
            "SELECT place, body FROM task_runs WHERE place BETWEEN ?1 AND ?2 AND version > ?3 ORDER BY place",
            [*of.start(), *of.end(), after],
            |row| Ok((position(row.get(0)?), decode(&row.get::<_, String>(1)?)?)),
        )?
    };
    let total = first(
        connection,
        "SELECT count(*) FROM task_runs WHERE place BETWEEN ?1 AND ?2",
        [of.start(), of.end()],
        |row| Ok(uncount(row.get(0)?)),
    )?;
    Ok(Some(ExecutionSince { execution, version, task_runs, total: total.unwrap_or_default() }))
}

/// The columns of the stored row that are in indexes. A commit compares them with the new row.
struct Before {
    no: i64,
    version: u64,
    state: String,
    start: i64,
    labels: String,
}

pub(super) fn commit(connection: &Connection, rows: &CommitRows, now: Timestamp) -> Result<u64, DbError> {
    let row = &rows.execution;
    let before = first(
        connection,
        "SELECT e.no, e.version, e.state, e.start, e.labels
         FROM execution_ids i JOIN executions e ON e.no = i.no WHERE i.id = ?1",
        [row.id.as_str()],
        |found| {
            Ok(Before {
                no: found.get(0)?,
                version: uncount(found.get(1)?),
                state: found.get(2)?,
                start: found.get(3)?,
                labels: found.get(4)?,
            })
        },
    )?;
    // If the execution does not exist, another process deleted it in the meantime. This counts as a conflict, and the
    // caller learns about the deletion when it loads the execution again.
    let before = before
        .filter(|before| before.version == rows.expected_version)
        .ok_or_else(|| PortError::Conflict { what: format!("execution {}", row.id) })?;
    let version = before.version.saturating_add(1);
    ended::moved(connection, row, counted_at(connection, &before)?.as_ref())?;
    update(connection, &before, row, &rows.notes, version)?;
    remove_task_runs(connection, before.no, &rows.removed)?;
    put_task_runs(connection, before.no, version, &rows.task_runs)?;
    logs::append(connection, &rows.logs)?;
    kv::write(connection, &rows.kv, now)?;
    for key in &rows.cleared_timers {
        timers::clear_key(connection, before.no, key)?;
    }
    timers::set(connection, &rows.timers, Some(now))?;
    Ok(version)
}

/// Where the stored execution is counted. Most are not, because they have not ended, so few are read.
fn counted_at(connection: &Connection, before: &Before) -> Result<Option<ended::Place>, DbError> {
    let is_open = State::open().any(|state| state.as_str() == before.state);
    if is_open {
        return Ok(None);
    }
    let header = first(connection, "SELECT header FROM executions WHERE no = ?1", [before.no], |row| {
        Ok(row.get::<_, String>(0)?)
    })?;
    header.map_or(Ok(None), |header| ended::Place::stored(&header))
}

fn put_task_runs(
    connection: &Connection,
    no: i64,
    version: u64,
    task_runs: &[(u64, TaskRunId, String)],
) -> Result<(), DbError> {
    for (position, id, body) in task_runs {
        run(
            connection,
            "INSERT OR REPLACE INTO task_runs (place, id, body, version) VALUES (?1, ?2, ?3, ?4)",
            params![row_key(no, *position)?, id.as_str(), body, count(version)?],
        )?;
    }
    Ok(())
}

fn update(
    connection: &Connection,
    before: &Before,
    row: &ExecutionRow,
    notes: &str,
    version: u64,
) -> Result<(), DbError> {
    run(
        connection,
        "UPDATE executions SET version = ?2, header = ?3, notes = ?4 WHERE no = ?1",
        params![before.no, count(version)?, row.header, notes],
    )?;
    // Most commits do not change the columns in indexes. An UPDATE that names these columns would rewrite the indexes.
    if before.state != row.state || before.start != row.start {
        run(
            connection,
            "UPDATE executions SET state = ?2, start = ?3 WHERE no = ?1",
            params![before.no, row.state, row.start],
        )?;
    }
    if before.labels != row.labels || before.start != row.start {
        remove_labels(connection, before.no, &before.labels, before.start)?;
        run(connection, "UPDATE executions SET labels = ?2 WHERE no = ?1", params![before.no, row.labels])?;
        add_labels(connection, before.no, row)?;
    }
    Ok(())
}

fn add_labels(connection: &Connection, no: i64, row: &ExecutionRow) -> Result<(), DbError> {
    for (key, value) in &row.pairs {
        run(
            connection,
            "INSERT OR IGNORE INTO labels (key, value, start, no) VALUES (?1, ?2, ?3, ?4)",
            params![key, value, row.start, no],
        )?;
    }
    Ok(())
}

fn remove_labels(connection: &Connection, no: i64, labels: &str, start: i64) -> Result<(), DbError> {
    for label in decode::<Vec<segue_model::label::Label>>(labels)? {
        run(
            connection,
            "DELETE FROM labels WHERE key = ?1 AND value = ?2 AND start = ?3 AND no = ?4",
            params![label.key, label.value, start, no],
        )?;
    }
    Ok(())
}

/// Removes task runs by id in one pass over the execution. A restart may remove many task runs.
fn remove_task_runs(connection: &Connection, no: i64, removed: &[TaskRunId]) -> Result<(), DbError> {
    if removed.is_empty() {
        return Ok(());
    }
    let removed: HashSet<&str> = removed.iter().map(TaskRunId::as_str).collect();
    let of = row_keys(no);
    let known = rows(
        connection,
        "SELECT place, id FROM task_runs WHERE place BETWEEN ?1 AND ?2",
        [of.start(), of.end()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    for (row_key, _) in known.iter().filter(|(_, id)| removed.contains(id.as_str())) {
        run(connection, "DELETE FROM task_runs WHERE place = ?1", [row_key])?;
    }
    Ok(())
}

pub(super) fn delete(connection: &Connection, id: &ExecutionId) -> Result<bool, DbError> {
    let Some(no) = number(connection, id.as_str())? else { return Ok(false) };
    let found = first(
        connection,
        "SELECT labels, start, header, namespace, flow_id FROM executions WHERE no = ?1",
        [no],
        |row| {
            let flow = (row.get::<_, String>(3)?, row.get::<_, String>(4)?);
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?, flow))
        },
    )?;
    if let Some((labels, start, header, (namespace, flow))) = &found {
        remove_labels(connection, no, labels, *start)?;
        if let Some(place) = ended::Place::stored(header)? {
            ended::remove(connection, (namespace, flow), &place)?;
        }
    }
    let of = row_keys(no);
    run(connection, "DELETE FROM task_runs WHERE place BETWEEN ?1 AND ?2", [of.start(), of.end()])?;
    run(connection, "DELETE FROM logs WHERE place BETWEEN ?1 AND ?2", [of.start(), of.end()])?;
    for table in ["claims", "timers"] {
        run(connection, &format!("DELETE FROM {table} WHERE execution = ?1"), [no])?;
    }
    // If a permit has no existing holder, nobody releases it.
    run(connection, "DELETE FROM slots WHERE execution = ?1", [id.as_str()])?;
    run(connection, "DELETE FROM executions WHERE no = ?1", [no])?;
    run(connection, "DELETE FROM execution_ids WHERE no = ?1", [no])?;
    Ok(found.is_some())
}
