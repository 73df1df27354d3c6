//! Limits how many pieces of work render at the same time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The largest number of renderings at the same time. It multiplies the memory limit, and the number of
/// processors in use.
const MOST: usize = 8;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// A permit to render. It is released when this value is dropped.
pub(crate) struct Permit(());

/// Waits for a permit.
pub(crate) fn take() -> Permit {
    let mut taken = lock();
    while *taken >= MOST {
        taken = FREED.wait(taken).unwrap_or_else(PoisonError::into_inner);
    }
    *taken += 1;
    Permit(())
}

impl Drop for Permit {
    fn drop(&mut self) {
        *lock() -= 1;
        FREED.notify_one();
    }
}

fn lock() -> MutexGuard<'static, usize> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
