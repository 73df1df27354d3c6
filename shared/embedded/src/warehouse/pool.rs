//! The connections to one database file. A job runs on one of them and can be stopped.
//!
//! Jobs that only read run at the same time. Each has its own connection, and sees the data that was committed when it
//! began. Jobs that change something run one after another, because DuckDB refuses the second of two transactions that
//! change the same table.
//!
//! A job is stopped by dropping the future that waits for the job. Its statement is interrupted and rolled back. Then
//! the thread and the connection are free again.
//!
//! The module must not know what a job does.

use super::engine::Engine;
use super::limits::Limits;
use super::source::ObjectSource;
use super::stop::{Ended, Stop, StopOnDrop};
use duckdb::Connection;
use segue_ports::warehouse::WarehouseError;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, Semaphore};

/// The largest number of jobs that run at the same time. Other jobs wait.
const SEATS: usize = 16;
/// The stack of the thread that runs a job, in bytes. The SQL parser is built without optimization and needs up to 160
/// KiB for a level of brackets. `sql::depth` accepts a hundred levels. The stack is sixteen times as large. The system
/// gives memory only for the part that is used.
pub const STACK_BYTES: usize = 256 << 20;

/// The connections to one database file.
pub(crate) struct Pool {
    pub(crate) file: PathBuf,
    pub(crate) object_root: PathBuf,
    source: Option<Arc<dyn ObjectSource>>,
    pub(crate) limits: Limits,
    /// `None` until the first job opens the file. So a flow without such a job does not pay for it.
    opened: Mutex<Option<Opened>>,
    seats: Arc<Semaphore>,
    writer: Arc<tokio::sync::Mutex<()>>,
}

struct Opened {
    /// Keeps the file open. The other connections are made from it.
    first: Connection,
    idle: Vec<Engine>,
}

/// The right to change something. One job at a time has it.
pub(crate) type Writing = OwnedMutexGuard<()>;

impl Pool {
    /// A pool without connections. The first job opens the file.
    pub(crate) fn new(
        file: PathBuf,
        object_root: PathBuf,
        source: Option<Arc<dyn ObjectSource>>,
        limits: Limits,
    ) -> Self {
        Self {
            file,
            object_root,
            source,
            limits,
            opened: Mutex::new(None),
            seats: Arc::new(Semaphore::new(SEATS)),
            writer: Arc::default(),
        }
    }

    /// Waits until no other job changes anything, and returns the right to change something.
    pub(crate) async fn writing(&self) -> Writing {
        Arc::clone(&self.writer).lock_owned().await
    }

    /// Runs `work` on its own connection, on a thread that may block and has the stack [`STACK_BYTES`]. A caller that
    /// drops the future stops the work. `writing` is released when the work has stopped.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        writing: Option<Writing>,
        work: impl FnOnce(&Engine) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let broken = |message: String| WarehouseError::Unavailable { message };
        let seat =
            Arc::clone(&self.seats).acquire_owned().await.map_err(|error| broken(error.to_string()))?;
        let stop = Arc::new(Stop::default());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let (pool, job) = (Arc::clone(self), Arc::clone(&stop));
        let guard = StopOnDrop(stop);
        let thread = std::thread::Builder::new().name("warehouse".into()).stack_size(STACK_BYTES);
        thread
            .spawn(move || {
                let outcome = pool.at_work(&job, work);
                drop((writing, seat));
                // If the job was stopped, nobody waits for its outcome.
                let _unheard = answer.send(outcome);
            })
            .map_err(|error| broken(error.to_string()))?;
        let outcome = answered.await;
        drop(guard);
        outcome.map_err(|_| broken("the warehouse thread ended unexpectedly".to_owned()))?
    }

    fn at_work<T>(
        &self,
        stop: &Arc<Stop>,
        work: impl FnOnce(&Engine) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        let _ended = Ended(stop);
        let mut engine = self.take()?;
        engine.stop = Arc::clone(stop);
        stop.begin(engine.connection.interrupt_handle());
        stop.check()?;
        let outcome = work(&engine);
        // The interruption may have hit a ROLLBACK. Closing the connection rolls back in any case.
        if !stop.end() {
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(opened) = opened.as_mut() {
                opened.idle.push(engine);
            }
        }
        outcome
    }

    fn take(&self) -> Result<Engine, WarehouseError> {
        let mut slot = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match slot.as_mut() {
            Some(opened) => opened,
            None => {
                let first = Engine::open(&self.file, &self.limits)?;
                slot.insert(Opened { first, idle: Vec::new() })
            }
        };
        match opened.idle.pop() {
            Some(engine) => Ok(engine),
            None => Engine::over(&opened.first, &self.object_root, self.source.clone()),
        }
    }

    /// The number of running jobs.
    #[cfg(test)]
    pub(crate) fn at_work_now(&self) -> usize {
        SEATS - self.seats.available_permits()
    }
}
