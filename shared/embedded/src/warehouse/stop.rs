//! How a job is stopped when nobody waits for it any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use duckdb::InterruptHandle;
use segue_ports::warehouse::WarehouseError;

/// How often an interruption is repeated until the job has noticed: one between two statements is lost.
const AGAIN: Duration = Duration::from_millis(100);
/// Whether a job is to stop, and how its statement is interrupted.
#[derive(Default)]
pub(crate) struct Stop {
    wanted: AtomicBool,
    /// There while the job is on its connection.
    handle: Mutex<Option<Arc<InterruptHandle>>>,
    ended: AtomicBool,
}

impl Stop {
    pub(super) fn begin(&self, handle: Arc<InterruptHandle>) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    /// From here on the connection is not the job's any more; whether it was to stop.
    pub(super) fn end(&self) -> bool {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.wanted.load(Ordering::SeqCst)
    }

    /// Refuses to go on once the job is to stop.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`], which nobody sees: who waited is gone.
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

/// Says that the thread of a job has ended, however it did.
pub(super) struct Ended<'a>(pub(super) &'a Stop);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.end();
        self.0.ended.store(true, Ordering::SeqCst);
    }
}

/// Stops the job, unless it has ended, when nobody waits for it any more.
pub(super) struct StopOnDrop(pub(super) Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        let stop = Arc::clone(&self.0);
        if stop.ended.load(Ordering::SeqCst) {
            return;
        }
        stop.wanted.store(true, Ordering::SeqCst);
        stop.interrupt();
        // Without a runtime the process is about to end.
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
