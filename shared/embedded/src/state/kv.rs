//! The KV store.

use super::codec::{decode, encode, first, nanos, rows, run};
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use segue_model::is_own_namespace;
use segue_ports::kv::{KvEntry, KvWrite};

pub(super) fn get(
    connection: &Connection,
    namespace: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<KvEntry>, DbError> {
    first(
        connection,
        "SELECT body FROM kv
         WHERE namespace = ?1 AND key = ?2 AND (expires IS NULL OR expires > ?3)",
        params![namespace, key, nanos(now)],
        |row| decode(&row.get::<_, String>(0)?),
    )
}

pub(super) fn list(
    connection: &Connection,
    namespace: &str,
    now: Timestamp,
) -> Result<Vec<KvEntry>, DbError> {
    rows(
        connection,
        "SELECT body FROM kv
         WHERE namespace = ?1 AND (expires IS NULL OR expires > ?2) ORDER BY key",
        params![namespace, nanos(now)],
        |row| decode(&row.get::<_, String>(0)?),
    )
}

pub(super) fn namespaces(connection: &Connection) -> Result<Vec<String>, DbError> {
    let all = rows(connection, "SELECT DISTINCT namespace FROM kv ORDER BY namespace", [], |row| {
        Ok(row.get::<_, String>(0)?)
    })?;
    Ok(all.into_iter().filter(|namespace| !is_own_namespace(namespace)).collect())
}

pub(super) fn write(connection: &Connection, writes: &[KvWrite], now: Timestamp) -> Result<(), DbError> {
    if writes.is_empty() {
        return Ok(());
    }
    // Readers ignore expired values. Each write deletes them.
    run(connection, "DELETE FROM kv WHERE expires <= ?1", [nanos(now)])?;
    for change in writes {
        match change {
            KvWrite::Set { namespace, key, kind, value, description, expires } => {
                let created = get(connection, namespace, key, now)?.map_or(now, |entry| entry.created);
                let entry = KvEntry {
                    namespace: namespace.clone(),
                    key: key.clone(),
                    kind: *kind,
                    value: value.clone(),
                    description: description.clone(),
                    created,
                    updated: now,
                    expires: *expires,
                };
                run(
                    connection,
                    "INSERT OR REPLACE INTO kv (namespace, key, expires, body) VALUES (?1, ?2, ?3, ?4)",
                    params![namespace, key, expires.map(nanos), encode(&entry)?],
                )?;
            }
            KvWrite::Delete { namespace, key } => {
                run(connection, "DELETE FROM kv WHERE namespace = ?1 AND key = ?2", [namespace, key])?;
            }
        }
    }
    Ok(())
}
