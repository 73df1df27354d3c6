//! Backfills, listed in the order of their requests.

use super::codec::{count, decode, encode, first, rows, run, uncount};
use super::search::in_namespace;
use crate::database::DbError;
use rusqlite::{Connection, params, params_from_iter};
use segue_model::backfill::Backfill;
use segue_ports::PortError;
use segue_ports::schedule::{BackfillFilter, Versioned};

pub(super) fn get(connection: &Connection, id: &str) -> Result<Option<Versioned<Backfill>>, DbError> {
    first(connection, "SELECT body, version FROM backfills WHERE id = ?1", [id], |row| {
        Ok(Versioned { value: decode(&row.get::<_, String>(0)?)?, version: uncount(row.get(1)?) })
    })
}

pub(super) fn put(connection: &Connection, backfill: &Backfill, version: u64) -> Result<u64, DbError> {
    let next = version.saturating_add(1);
    let body = encode(backfill)?;
    let changed = if version == 0 {
        let key = &backfill.trigger;
        run(
            connection,
            "INSERT INTO backfills (id, version, namespace, flow_id, trigger_id, state, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            params![
                backfill.id,
                count(next)?,
                key.namespace,
                key.flow_id,
                key.trigger_id,
                backfill.state.as_str(),
                body
            ],
        )?
    } else {
        run(
            connection,
            "UPDATE backfills SET version = ?2, state = ?3, body = ?4 WHERE id = ?1 AND version = ?5",
            params![backfill.id, count(next)?, backfill.state.as_str(), body, count(version)?],
        )?
    };
    if changed == 0 {
        return Err(PortError::Conflict { what: format!("backfill {}", backfill.id) }.into());
    }
    Ok(next)
}

pub(super) fn list(connection: &Connection, filter: &BackfillFilter) -> Result<Vec<Backfill>, DbError> {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    if let Some(namespace) = &filter.namespace {
        conditions.push(in_namespace("namespace", namespace, &mut values));
    }
    for (column, value) in [("flow_id", &filter.flow_id), ("trigger_id", &filter.trigger_id)] {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(value.clone());
        }
    }
    if !filter.states.is_empty() {
        let marks = vec!["?"; filter.states.len()].join(", ");
        conditions.push(format!("state IN ({marks})"));
        values.extend(filter.states.iter().map(|state| state.as_str().to_owned()));
    }
    let limit = if filter.limit == 0 { -1 } else { i64::from(filter.limit) };
    let sql = format!(
        "SELECT body FROM backfills WHERE {} ORDER BY no DESC LIMIT {limit} OFFSET {}",
        conditions.join(" AND "),
        filter.offset
    );
    rows(connection, &sql, params_from_iter(values), |row| decode(&row.get::<_, String>(0)?))
}
