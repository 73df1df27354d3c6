//! Claims: which worker runs an attempt, until when, and how it ended.

use super::codec::{decode, first, instant, nanos, number, number_of, run};
use super::logs;
use super::rows::LogRow;
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use segue_ports::state::Claim;
use segue_ports::wire::AttemptKey;

/// The holder of a revoked claim. No worker has an empty name.
const REVOKED: &str = "";

pub(super) fn claim(
    connection: &Connection,
    key: &AttemptKey,
    from: Option<&str>,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Claim, DbError> {
    let no = number_of(connection, &key.execution_id)?;
    let held = first(
        connection,
        "SELECT holder, until, result, deliveries, since FROM claims WHERE execution = ?1 AND task_run = ?2 AND attempt = ?3",
        params![no, key.task_run_id.as_str(), key.attempt],
        |row| {
            Ok(Known {
                holder: row.get(0)?,
                until: row.get(1)?,
                result: row.get(2)?,
                deliveries: row.get(3)?,
                since: row.get(4)?,
            })
        },
    )?;
    let since = held.as_ref().and_then(|known| known.since).unwrap_or_else(|| nanos(now));
    let deliveries = match held {
        Some(Known { result: Some(result), .. }) => {
            return Ok(Claim::Finished(Box::new(decode(&result)?)));
        }
        Some(known) if known.holder == REVOKED => return Ok(Claim::Revoked),
        Some(known) if known.holder != holder && known.until > nanos(now) && !known.is_left_by(from) => {
            return Ok(Claim::Held { until: instant(known.until), handed_back: known.is_handed_back() });
        }
        Some(known) => known.deliveries.saturating_add(1),
        None => 1,
    };
    run(
        connection,
        "INSERT OR REPLACE INTO claims (execution, task_run, attempt, holder, until, deliveries, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![no, key.task_run_id.as_str(), key.attempt, holder, nanos(until), deliveries, since],
    )?;
    Ok(Claim::Granted { deliveries })
}

/// A claim in the database.
struct Known {
    holder: String,
    until: i64,
    result: Option<String>,
    deliveries: u32,
    since: Option<i64>,
}

impl Known {
    /// A delivery that takes the claim is counted, and handing the claim back resets the count.
    fn is_handed_back(&self) -> bool {
        self.deliveries == 0
    }

    fn is_left_by(&self, holder: Option<&str>) -> bool {
        self.is_handed_back() && holder == Some(self.holder.as_str())
    }
}

pub(super) fn renew(
    connection: &Connection,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
) -> Result<bool, DbError> {
    keep(connection, key, holder, until, false)
}

pub(super) fn hand_back(
    connection: &Connection,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
) -> Result<bool, DbError> {
    keep(connection, key, holder, until, true)
}

/// Changes the end of a claim that the caller holds. `forget` sets the count of deliveries to 0.
fn keep(
    connection: &Connection,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
    forget: bool,
) -> Result<bool, DbError> {
    let no = number_of(connection, &key.execution_id)?;
    let changed = run(
        connection,
        "UPDATE claims SET until = ?5, deliveries = CASE WHEN ?6 THEN 0 ELSE deliveries END
         WHERE execution = ?1 AND task_run = ?2 AND attempt = ?3 AND holder = ?4 AND result IS NULL",
        params![no, key.task_run_id.as_str(), key.attempt, holder, nanos(until), forget],
    )?;
    Ok(changed > 0)
}

pub(super) fn finish(
    connection: &Connection,
    key: &AttemptKey,
    holder: &str,
    result: &str,
    lines: &[LogRow],
) -> Result<bool, DbError> {
    let no = number_of(connection, &key.execution_id)?;
    let changed = run(
        connection,
        "UPDATE claims SET result = ?5
         WHERE execution = ?1 AND task_run = ?2 AND attempt = ?3 AND holder = ?4 AND result IS NULL",
        params![no, key.task_run_id.as_str(), key.attempt, holder, result],
    )?;
    if changed > 0 {
        logs::append(connection, lines)?;
    }
    Ok(changed > 0)
}

pub(super) fn begun(
    connection: &Connection,
    attempts: &[AttemptKey],
) -> Result<Vec<Option<Timestamp>>, DbError> {
    let since = |key: &AttemptKey| {
        let Some(no) = number(connection, key.execution_id.as_str())? else { return Ok(None) };
        let found = first(
            connection,
            "SELECT since FROM claims WHERE execution = ?1 AND task_run = ?2 AND attempt = ?3",
            params![no, key.task_run_id.as_str(), key.attempt],
            |row| Ok(row.get::<_, Option<i64>>(0)?),
        )?;
        Ok(found.flatten().map(instant))
    };
    attempts.iter().map(since).collect()
}

pub(super) fn revoke(connection: &Connection, attempts: &[AttemptKey]) -> Result<(), DbError> {
    for key in attempts {
        let no = number_of(connection, &key.execution_id)?;
        run(
            connection,
            "INSERT INTO claims (execution, task_run, attempt, holder, until) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (execution, task_run, attempt)
             DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE result IS NULL",
            params![no, key.task_run_id.as_str(), key.attempt, REVOKED, i64::MAX],
        )?;
    }
    Ok(())
}
