//! The only writer: a thread with the writing connection. It makes many changes in one transaction.
//!
//! Callers that wait while a transaction runs share the next transaction. So under load the cost of a commit is
//! divided. Each change has its own savepoint, so a failed change does not affect other changes. A change is answered
//! after its transaction is in the file.

use super::error::DbError;
use super::schema;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The largest number of changes in one transaction.
const BATCH: usize = 256;

/// After this time without a change, the log is copied to the file.
const IDLE: Duration = Duration::from_secs(60);

/// A change that waits for its turn.
pub(super) trait Job: Send {
    /// Makes the change. Returns false if it must be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Answers the caller after the transaction was written or has failed. `written` has the error.
    fn settle(self: Box<Self>, written: Result<(), &str>);
}

/// A change, and the channel for the answer to its caller.
pub(super) struct Change<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, DbError>>,
    answer: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> Change<T, F> {
    pub(super) fn new(work: F, answer: oneshot::Sender<Result<T, DbError>>) -> Self {
        Self { work: Some(work), outcome: None, answer }
    }
}

impl<T, F> Job for Change<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, DbError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome = self.work.take().map(|work| work(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn settle(self: Box<Self>, written: Result<(), &str>) {
        let outcome = match (self.outcome, written) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(reason)) => Err(DbError::NotWritten(reason.to_owned())),
            (None, Ok(())) => Err(DbError::Closed),
        };
        // The caller may not wait any more. The change is made in any case.
        let _ = self.answer.send(outcome);
    }
}

/// Makes changes until no caller is left.
pub(super) fn run(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    let mut has_log = true;
    loop {
        let first = if has_log { jobs.recv_timeout(IDLE) } else { jobs.recv().map_err(Into::into) };
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = schema::checkpoint(connection) {
                    tracing::warn!(%error, "the log of the state database could not be copied into the database");
                }
                has_log = false;
                continue;
            }
        };
        has_log = true;
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let written = transaction(connection, &mut batch);
        if written.is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        let reason = written.map_err(|error| error.to_string());
        for job in batch {
            job.settle(reason.as_ref().copied().map_err(String::as_str));
        }
    }
}

fn transaction(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
    command(connection, "BEGIN IMMEDIATE")?;
    if let [only] = batch {
        let end = if only.run(connection) { "COMMIT" } else { "ROLLBACK" };
        return command(connection, end);
    }
    for job in batch.iter_mut() {
        command(connection, "SAVEPOINT change")?;
        if !job.run(connection) {
            command(connection, "ROLLBACK TO change")?;
        }
        command(connection, "RELEASE change")?;
    }
    command(connection, "COMMIT")
}

fn command(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
