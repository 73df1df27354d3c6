//! Claims: who runs an attempt, until when, and how it ended.

use super::codec::{decode, first, instant, nanos, number_of, run};
use super::logs;
use super::rows::LogRow;
use crate::database::DbError;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use segue_ports::state::Claim;
use segue_ports::wire::AttemptKey;

/// The holder of a claim that was taken away: nobody, and for ever.
const REVOKED: &str = "";

pub(super) fn claim(
    connection: &Connection,
    key: &AttemptKey,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Claim, DbError> {
    let no = number_of(connection, &key.execution_id)?;
    let held = first(
        connection,
        "SELECT holder, until, result FROM claims WHERE execution = ?1 AND task_run = ?2 AND attempt = ?3",
        params![no, key.task_run_id.as_str(), key.attempt],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<String>>(2)?)),
    )?;
    match held {
        Some((_, _, Some(result))) => Ok(Claim::Finished(Box::new(decode(&result)?))),
        Some((other, _, None)) if other == REVOKED => Ok(Claim::Revoked),
        Some((other, until, None)) if other != holder && until > nanos(now) => {
            Ok(Claim::Held { until: instant(until) })
        }
        _ => {
            run(
                connection,
                "INSERT OR REPLACE INTO claims (execution, task_run, attempt, holder, until)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![no, key.task_run_id.as_str(), key.attempt, holder, nanos(until)],
            )?;
            Ok(Claim::Granted)
        }
    }
}

pub(super) fn renew(
    connection: &Connection,
    key: &AttemptKey,
    holder: &str,
    until: Timestamp,
) -> Result<bool, DbError> {
    let no = number_of(connection, &key.execution_id)?;
    let changed = run(
        connection,
        "UPDATE claims SET until = ?5
         WHERE execution = ?1 AND task_run = ?2 AND attempt = ?3 AND holder = ?4 AND result IS NULL",
        params![no, key.task_run_id.as_str(), key.attempt, holder, nanos(until)],
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
