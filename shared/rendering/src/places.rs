//! How many pieces of work may render at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many renders at once: together they may hold this many times what one may, and take this many processors.
const MOST: usize = 8;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// A place that is taken until this is dropped.
pub(crate) struct Place(());

/// Waits for a place.
pub(crate) fn take() -> Place {
    let mut taken = lock();
    while *taken >= MOST {
        taken = FREED.wait(taken).unwrap_or_else(PoisonError::into_inner);
    }
    *taken += 1;
    Place(())
}

impl Drop for Place {
    fn drop(&mut self) {
        *lock() -= 1;
        FREED.notify_one();
    }
}

fn lock() -> MutexGuard<'static, usize> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
