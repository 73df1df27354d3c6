//! What a connection waits for, and since when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Nothing: the server is working.
    Not,
    /// The first byte of a request.
    ForRequest,
    /// The rest of a request's head.
    ForHead,
    /// More of a body, or that the client reads more of the answer.
    ForMore,
}

/// The state of waiting of a connection. The state changes at every read and write, so it is one number: the
/// milliseconds since the connection was opened, with what it waits for in the lowest two bits.
#[derive(Debug)]
pub(super) struct Turn {
    made: Instant,
    packed: AtomicU64,
}

impl Turn {
    pub(super) fn new() -> Self {
        let turn = Self { made: Instant::now(), packed: AtomicU64::new(0) };
        turn.set(Waits::ForRequest);
        turn
    }

    pub(super) fn set(&self, waits: Waits) {
        let since = u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.packed.store(since << 2 | waits as u64, Ordering::Relaxed);
    }

    /// The same, if the connection waits for `now` at present.
    pub(super) fn turn(&self, now: Waits, then: Waits) {
        if self.get().0 == now {
            self.set(then);
        }
    }

    /// What the connection waits for, and for how long it has waited.
    pub(super) fn get(&self) -> (Waits, Duration) {
        let packed = self.packed.load(Ordering::Relaxed);
        let waits = match packed & 3 {
            0 => Waits::Not,
            1 => Waits::ForRequest,
            2 => Waits::ForHead,
            _ => Waits::ForMore,
        };
        (waits, self.made.elapsed().saturating_sub(Duration::from_millis(packed >> 2)))
    }
}
