//! Counts requests to BigQuery as Google bills and limits them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers since the connection was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarehouseCounts {
    /// Requests to the REST API. They are not billed, but limited.
    pub requests: u64,
    /// Jobs that were started, without dry runs.
    pub jobs: u64,
    /// Bytes billed for jobs that this adapter was the first to see ended.
    pub bytes_billed: u64,
}

impl WarehouseCounts {
    /// The difference to earlier counts.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            jobs: self.jobs.saturating_sub(earlier.jobs),
            bytes_billed: self.bytes_billed.saturating_sub(earlier.bytes_billed),
        }
    }
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    jobs: AtomicU64,
    bytes_billed: AtomicU64,
}

impl Counters {
    pub(super) fn asked(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn began(&self) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn billed(&self, bytes: u64) {
        self.bytes_billed.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> WarehouseCounts {
        WarehouseCounts {
            requests: self.requests.load(Ordering::Relaxed),
            jobs: self.jobs.load(Ordering::Relaxed),
            bytes_billed: self.bytes_billed.load(Ordering::Relaxed),
        }
    }
}
