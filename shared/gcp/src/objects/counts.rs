//! Counts operations on Cloud Storage as Google bills them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of operations since the connection was created, by the classes of Google's price list, and the
/// bytes that passed through this process. Retries of a request are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageCounts {
    /// Class A: objects written, listed and copied, buckets created and changed.
    pub class_a: u64,
    /// Class B: objects and buckets described and read.
    pub class_b: u64,
    /// Free operations: removals.
    pub free: u64,
    /// Bytes of objects that were sent.
    pub sent: u64,
    /// Bytes of objects that were received.
    pub received: u64,
}

impl StorageCounts {
    /// The difference to earlier counts.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            class_a: self.class_a.saturating_sub(earlier.class_a),
            class_b: self.class_b.saturating_sub(earlier.class_b),
            free: self.free.saturating_sub(earlier.free),
            sent: self.sent.saturating_sub(earlier.sent),
            received: self.received.saturating_sub(earlier.received),
        }
    }
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Counters {
    class_a: AtomicU64,
    class_b: AtomicU64,
    free: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Counters {
    pub(super) fn class_a(&self) {
        self.class_a.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn class_b(&self) {
        self.class_b.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn free(&self) {
        self.free.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> StorageCounts {
        StorageCounts {
            class_a: self.class_a.load(Ordering::Relaxed),
            class_b: self.class_b.load(Ordering::Relaxed),
            free: self.free.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
        }
    }
}
