//! Whether a connection waits for its client, for what, and since when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Nothing of the client: the server is at work.
    Not,
    /// A request, of which nothing has come.
    ForRequest,
    /// The rest of a request's head.
    ForHead,
    /// More of a body, or that the client reads more of the answer.
    ForMore,
}

/// What a connection waits for. Changed at every read and write, so it is one number: milliseconds since the
/// connection was made, and in the lowest two bits for what.
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

    /// The same, where it waits for `now` at present.
    pub(super) fn turn(&self, now: Waits, then: Waits) {
        if self.get().0 == now {
            self.set(then);
        }
    }

    /// For what it waits, and for how long it has.
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
