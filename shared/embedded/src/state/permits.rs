//! Permits of flows with a concurrency limit, and the queue of executions that wait for a permit.
//!
//! A permit is a row with the name of its holder, not a counter. So no permit is lost or given twice when a request is
//! repeated after a crash.

use super::codec::{first, nanos, rows, run};
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use segue_model::id::ExecutionId;
use segue_ports::state::Permit;

/// The permits of one flow.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) namespace: String,
    pub(super) flow_id: String,
}

pub(super) fn take(
    connection: &Connection,
    lane: &Lane,
    limit: u32,
    execution: &ExecutionId,
    wait: bool,
    now: Timestamp,
) -> Result<Permit, DbError> {
    run(
        connection,
        "INSERT INTO slot_limits (namespace, flow_id, slots) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET slots = excluded.slots WHERE slots <> excluded.slots",
        params![lane.namespace, lane.flow_id, limit],
    )?;
    let known = first(
        connection,
        "SELECT turn, taken FROM slots WHERE namespace = ?1 AND flow_id = ?2 AND execution = ?3",
        params![lane.namespace, lane.flow_id, execution.as_str()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)),
    )?;
    let turn = match known {
        Some((_, Some(_))) => return Ok(Permit::Granted),
        Some((turn, None)) => turn,
        None => i64::MAX,
    };
    let free = free(connection, lane, i64::from(limit))?;
    let ahead: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM slots WHERE namespace = ?1 AND flow_id = ?2
             AND (taken IS NULL) = 1 AND turn < ?3 LIMIT ?4)",
        )?
        .query_row(params![lane.namespace, lane.flow_id, turn, free], |row| row.get(0))?;
    let granted = ahead < free;
    if granted || wait {
        run(
            connection,
            "INSERT INTO slots (namespace, flow_id, execution, asked, taken) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (namespace, flow_id, execution) DO UPDATE SET taken = excluded.taken",
            params![
                lane.namespace,
                lane.flow_id,
                execution.as_str(),
                nanos(now),
                granted.then(|| nanos(now))
            ],
        )?;
    }
    Ok(if granted { Permit::Granted } else { Permit::Full })
}

pub(super) fn release(
    connection: &Connection,
    lane: &Lane,
    execution: &ExecutionId,
    now: Timestamp,
) -> Result<Vec<ExecutionId>, DbError> {
    run(
        connection,
        "DELETE FROM slots WHERE namespace = ?1 AND flow_id = ?2 AND execution = ?3",
        params![lane.namespace, lane.flow_id, execution.as_str()],
    )?;
    let limit = first(
        connection,
        "SELECT slots FROM slot_limits WHERE namespace = ?1 AND flow_id = ?2",
        params![lane.namespace, lane.flow_id],
        |row| Ok(row.get::<_, i64>(0)?),
    )?;
    let Some(limit) = limit else { return Ok(Vec::new()) };
    let free = free(connection, lane, limit)?;
    run(
        connection,
        "UPDATE slots SET taken = ?3, granted_by = ?4 WHERE turn IN (
             SELECT turn FROM slots WHERE namespace = ?1 AND flow_id = ?2 AND (taken IS NULL) = 1
             ORDER BY turn LIMIT ?5)",
        params![lane.namespace, lane.flow_id, nanos(now), execution.as_str(), free],
    )?;
    // The executions that got a permit by this release. A release may be repeated because its answer was lost. Then the
    // result is the same.
    rows(
        connection,
        "SELECT execution FROM slots WHERE namespace = ?1 AND flow_id = ?2 AND (taken IS NULL) = 0
         AND granted_by = ?3 ORDER BY turn",
        params![lane.namespace, lane.flow_id, execution.as_str()],
        |row| Ok(row.get::<_, String>(0)?.into()),
    )
}

/// The number of free permits. 0 if the limit was lowered below the number of held permits.
fn free(connection: &Connection, lane: &Lane, limit: i64) -> Result<i64, DbError> {
    Ok(limit.saturating_sub(held(connection, lane)?).max(0))
}

/// The number of held permits.
pub(super) fn count(connection: &Connection, lane: &Lane) -> Result<u64, DbError> {
    Ok(held(connection, lane)?.unsigned_abs())
}

fn held(connection: &Connection, lane: &Lane) -> Result<i64, DbError> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM slots WHERE namespace = ?1 AND flow_id = ?2 AND (taken IS NULL) = 0",
        )?
        .query_row(params![lane.namespace, lane.flow_id], |row| row.get(0))?)
}
