//! Stops a job when nobody waits for its outcome.

use duckdb::InterruptHandle;
use segue_ports::warehouse::WarehouseError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The time between two interruptions of one job. An interruption between two statements has no effect, so it is
/// repeated until the job stops.
const AGAIN: Duration = Duration::from_millis(100);
/// Whether a job must stop, and how to interrupt its statement.
#[derive(Default)]
pub(crate) struct Stop {
    wanted: AtomicBool,
    /// Set while the job uses its connection.
    handle: Mutex<Option<Arc<InterruptHandle>>>,
    ended: AtomicBool,
}

impl Stop {
    pub(super) fn begin(&self, handle: Arc<InterruptHandle>) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    /// Records that the job no longer uses the connection. Returns whether the job had to stop.
    pub(super) fn end(&self) -> bool {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.wanted.load(Ordering::SeqCst)
    }

    /// Fails if the job must stop.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`] if the job must stop. Nobody sees the error, because the caller dropped the
    /// future.
    pub(crate) fn check(&self) -> Result<(), WarehouseError> {
        if self.wanted.load(Ordering::SeqCst) {
            return Err(WarehouseError::Unavailable { message: "the job was stopped".to_owned() });
        }
        Ok(())
    }

    fn interrupt(&self) {
        if let Some(handle) = self.handle.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            handle.interrupt();
        }
    }
}

/// When dropped, records that the thread of a job has ended, for whatever reason.
pub(super) struct Ended<'a>(pub(super) &'a Stop);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.end();
        self.0.ended.store(true, Ordering::SeqCst);
    }
}

/// When dropped, stops the running job.
pub(super) struct StopOnDrop(pub(super) Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        let stop = Arc::clone(&self.0);
        if stop.ended.load(Ordering::SeqCst) {
            return;
        }
        stop.wanted.store(true, Ordering::SeqCst);
        stop.interrupt();
        // Without a runtime, the process ends soon anyway.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while !stop.ended.load(Ordering::SeqCst) {
                    tokio::time::sleep(AGAIN).await;
                    stop.interrupt();
                }
            });
        }
    }
}
