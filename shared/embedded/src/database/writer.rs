//! The one writer: a thread that owns the writing connection and makes many changes in one transaction.
//!
//! Whoever waits while a transaction is under way shares the next one, so the cost of a commit is divided by
//! the load. Each change has a savepoint of its own: one that fails takes nobody else's with it. A change is
//! answered only once its transaction is in the file.

use super::error::DbError;
use super::schema;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Most changes in one transaction.
const BATCH: usize = 256;

/// After so long without a change the log is carried over into the file.
const IDLE: Duration = Duration::from_secs(60);

/// A change waiting for its turn.
pub(super) trait Job: Send {
    /// Makes the change; false asks for it to be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller, once it is known whether the transaction was written.
    fn settle(self: Box<Self>, written: Result<(), &str>);
}

/// A change with the way back to its caller.
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
        // The caller may have gone; the change stands all the same.
        let _ = self.answer.send(outcome);
    }
}

/// Works until nobody can ask any more.
pub(super) fn run(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    let mut has_log = true;
    loop {
        let first = if has_log { jobs.recv_timeout(IDLE) } else { jobs.recv().map_err(Into::into) };
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = schema::checkpoint(connection) {
                    tracing::warn!(%error, "the log of the state database could not be carried over");
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
