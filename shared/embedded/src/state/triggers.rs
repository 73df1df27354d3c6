//! States of triggers, with the due time of the next slot.

use super::codec::{count, decode, encode, first, instant, nanos, rows, run, uncount};
use super::search::in_namespace;
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params, params_from_iter};
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::PortError;
use segue_ports::schedule::{TriggerFilter, Versioned};

pub(super) fn get(
    connection: &Connection,
    key: &TriggerKey,
) -> Result<Option<Versioned<TriggerState>>, DbError> {
    first(
        connection,
        "SELECT body, version FROM triggers WHERE namespace = ?1 AND flow_id = ?2 AND trigger_id = ?3",
        [&key.namespace, &key.flow_id, &key.trigger_id],
        |row| Ok(Versioned { value: decode(&row.get::<_, String>(0)?)?, version: uncount(row.get(1)?) }),
    )
}

pub(super) fn put(connection: &Connection, state: &TriggerState, version: u64) -> Result<u64, DbError> {
    let key = &state.key;
    let next = version.saturating_add(1);
    let waits = !state.disabled && state.execution_id.is_none();
    let due = state.next_execution_date.filter(|_| waits).map(nanos);
    let body = encode(state)?;
    let changed = if version == 0 {
        run(
            connection,
            "INSERT INTO triggers (namespace, flow_id, trigger_id, version, due, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![key.namespace, key.flow_id, key.trigger_id, count(next)?, due, body],
        )?
    } else {
        run(
            connection,
            "UPDATE triggers SET version = ?4, due = ?5, body = ?6
             WHERE namespace = ?1 AND flow_id = ?2 AND trigger_id = ?3 AND version = ?7",
            params![key.namespace, key.flow_id, key.trigger_id, count(next)?, due, body, count(version)?],
        )?
    };
    if changed == 0 {
        return Err(PortError::Conflict { what: format!("trigger {key}") }.into());
    }
    Ok(next)
}

pub(super) fn delete(connection: &Connection, key: &TriggerKey) -> Result<bool, DbError> {
    let removed = run(
        connection,
        "DELETE FROM triggers WHERE namespace = ?1 AND flow_id = ?2 AND trigger_id = ?3",
        [&key.namespace, &key.flow_id, &key.trigger_id],
    )?;
    Ok(removed > 0)
}

pub(super) fn list(connection: &Connection, filter: &TriggerFilter) -> Result<Vec<TriggerState>, DbError> {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    if let Some(namespace) = &filter.namespace {
        conditions.push(in_namespace("namespace", namespace, &mut values));
    }
    if let Some(flow) = &filter.flow_id {
        conditions.push("flow_id = ?".to_owned());
        values.push(flow.clone());
    }
    let sql = format!(
        "SELECT body FROM triggers WHERE {} ORDER BY namespace, flow_id, trigger_id",
        conditions.join(" AND ")
    );
    rows(connection, &sql, params_from_iter(values), |row| decode(&row.get::<_, String>(0)?))
}

pub(super) fn due(connection: &Connection, now: Timestamp, limit: u32) -> Result<Vec<TriggerKey>, DbError> {
    rows(
        connection,
        "SELECT namespace, flow_id, trigger_id FROM triggers INDEXED BY triggers_by_due
         WHERE due <= ?1 ORDER BY due LIMIT ?2",
        params![nanos(now), limit],
        |row| Ok(TriggerKey { namespace: row.get(0)?, flow_id: row.get(1)?, trigger_id: row.get(2)? }),
    )
}

pub(super) fn next(connection: &Connection) -> Result<Option<Timestamp>, DbError> {
    let due: Option<i64> =
        first(connection, "SELECT min(due) FROM triggers WHERE due IS NOT NULL", [], |row| Ok(row.get(0)?))?
            .flatten();
    Ok(due.map(instant))
}
