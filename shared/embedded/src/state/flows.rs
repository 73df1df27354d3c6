//! Flows and their revisions.

use super::codec::{first, instant, nanos, rows, run};
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use segue_ports::PortError;
use segue_ports::state::StoredFlow;

/// The value of the column `deleted` of a revision that was removed with its source. 1 is a revision that records the
/// deletion of the flow.
const REMOVED: i64 = 2;

pub(super) fn put(
    connection: &Connection,
    namespace: &str,
    id: &str,
    source: &str,
    now: Timestamp,
) -> Result<StoredFlow, DbError> {
    let latest = latest(connection, namespace, id)?;
    match latest {
        Some(flow) if !flow.deleted && flow.source == source => Ok(flow),
        latest => {
            let flow = StoredFlow {
                namespace: namespace.to_owned(),
                id: id.to_owned(),
                revision: latest.map_or(1, |flow| flow.revision.saturating_add(1)),
                source: source.to_owned(),
                updated: now,
                deleted: false,
            };
            insert(connection, &flow)?;
            Ok(flow)
        }
    }
}

/// As [`put`], if `expected` is the latest revision.
pub(super) fn replace(
    connection: &Connection,
    namespace: &str,
    id: &str,
    (source, expected): (&str, u32),
    now: Timestamp,
) -> Result<StoredFlow, DbError> {
    let latest = latest(connection, namespace, id)?.filter(|flow| !flow.deleted);
    if latest.is_some_and(|flow| flow.revision == expected || flow.source == source) {
        return put(connection, namespace, id, source, now);
    }
    Err(PortError::Conflict { what: format!("flow '{namespace}.{id}'") }.into())
}

pub(super) fn get(
    connection: &Connection,
    namespace: &str,
    id: &str,
    revision: Option<u32>,
) -> Result<Option<StoredFlow>, DbError> {
    let flow = match revision {
        None => latest(connection, namespace, id)?,
        Some(revision) => first(
            connection,
            "SELECT namespace, id, revision, source, updated, deleted FROM flows
             WHERE namespace = ?1 AND id = ?2 AND revision = ?3",
            params![namespace, id, revision],
            read,
        )?,
    };
    Ok(flow.filter(|flow| !flow.deleted))
}

/// The number of revisions of all flows, deletions included.
pub(super) fn mark(connection: &Connection) -> Result<u64, DbError> {
    let count: i64 = connection.query_row("SELECT count(*) FROM flows", [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(super) fn list(connection: &Connection, namespace: Option<&str>) -> Result<Vec<StoredFlow>, DbError> {
    // SQLite takes the other columns from the row with the maximum.
    let flows = rows(
        connection,
        "SELECT namespace, id, max(revision), source, updated, deleted FROM flows
         WHERE ?1 IS NULL OR namespace = ?1 GROUP BY namespace, id ORDER BY namespace, id",
        [namespace],
        read,
    )?;
    Ok(flows.into_iter().filter(|flow| !flow.deleted).collect())
}

pub(super) fn delete(
    connection: &Connection,
    namespace: &str,
    id: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    match latest(connection, namespace, id)? {
        Some(flow) if !flow.deleted => {
            let gone =
                StoredFlow { revision: flow.revision.saturating_add(1), updated: now, deleted: true, ..flow };
            insert(connection, &gone)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn latest(connection: &Connection, namespace: &str, id: &str) -> Result<Option<StoredFlow>, DbError> {
    first(
        connection,
        "SELECT namespace, id, revision, source, updated, deleted FROM flows
         WHERE namespace = ?1 AND id = ?2 ORDER BY revision DESC LIMIT 1",
        [namespace, id],
        read,
    )
}

pub(super) fn revisions(
    connection: &Connection,
    namespace: &str,
    id: &str,
) -> Result<Vec<StoredFlow>, DbError> {
    rows(
        connection,
        "SELECT namespace, id, revision, source, updated, deleted FROM flows
         WHERE namespace = ?1 AND id = ?2 AND deleted <> ?3 ORDER BY revision",
        params![namespace, id, REMOVED],
        read,
    )
}

/// Removes old revisions. Each row stays without its source, because [`mark`] counts the rows.
pub(super) fn remove_revisions(
    connection: &Connection,
    namespace: &str,
    id: &str,
    revisions: &[u32],
) -> Result<u64, DbError> {
    let Some(latest) = latest(connection, namespace, id)? else { return Ok(0) };
    let mut count = 0;
    for revision in revisions.iter().filter(|revision| **revision < latest.revision) {
        count += run(
            connection,
            "UPDATE flows SET source = '', deleted = ?4
             WHERE namespace = ?1 AND id = ?2 AND revision = ?3 AND deleted <> ?4",
            params![namespace, id, revision, REMOVED],
        )?;
    }
    Ok(count as u64)
}

fn insert(connection: &Connection, flow: &StoredFlow) -> Result<(), DbError> {
    run(
        connection,
        "INSERT INTO flows (namespace, id, revision, source, updated, deleted) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![flow.namespace, flow.id, flow.revision, flow.source, nanos(flow.updated), flow.deleted],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<StoredFlow, DbError> {
    Ok(StoredFlow {
        namespace: row.get(0)?,
        id: row.get(1)?,
        revision: row.get(2)?,
        source: row.get(3)?,
        updated: instant(row.get(4)?),
        deleted: row.get(5)?,
    })
}
