//! What a connection waits for, and since when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
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
    /// The requests that are answered.
    at_work: AtomicU32,
    /// Whether the connection speaks HTTP/2.
    is_http2: AtomicBool,
}

/// A request that is answered, until this value is dropped. The connection waits for a request if there is none.
#[derive(Debug)]
pub(super) struct AtWork(Arc<Turn>);

impl AtWork {
    pub(super) fn new(turn: &Arc<Turn>, is_http2: bool) -> Self {
        turn.is_http2.fetch_or(is_http2, Ordering::Relaxed);
        turn.at_work.fetch_add(1, Ordering::Relaxed);
        turn.set(Waits::Not);
        Self(turn.clone())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if self.0.at_work.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.set(Waits::ForRequest);
        }
    }
}

impl Turn {
    pub(super) fn new() -> Self {
        let turn = Self {
            made: Instant::now(),
            packed: AtomicU64::new(0),
            at_work: AtomicU32::new(0),
            is_http2: AtomicBool::new(false),
        };
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

    /// Data has arrived. Over HTTP/1 this is the beginning of a head. Over HTTP/2 it may also be a sign of life.
    pub(super) fn arrived(&self) {
        let is_http2 = self.is_http2.load(Ordering::Relaxed);
        self.turn(Waits::ForRequest, if is_http2 { Waits::ForRequest } else { Waits::ForHead });
    }

    /// What the connection waits for, and for how long it has waited. With several requests at work, it does not wait.
    pub(super) fn get(&self) -> (Waits, Duration) {
        let packed = self.packed.load(Ordering::Relaxed);
        let waits = match packed & 3 {
            0 => Waits::Not,
            1 => Waits::ForRequest,
            2 => Waits::ForHead,
            _ if self.at_work.load(Ordering::Relaxed) > 1 => Waits::Not,
            _ => Waits::ForMore,
        };
        (waits, self.made.elapsed().saturating_sub(Duration::from_millis(packed >> 2)))
    }
}
