//! Counts operations on Firestore as Google bills them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of operations since the connection was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationCounts {
    /// Documents read. Reading a missing document, and a query without results, count as one each.
    pub reads: u64,
    /// Documents written.
    pub writes: u64,
    /// Documents deleted.
    pub deletes: u64,
    /// Commits that were refused because a condition did not hold. They write nothing.
    pub refused: u64,
    /// The part of `writes` that wrote the document of an execution: one for each step of an execution.
    pub executions: u64,
}

impl OperationCounts {
    /// The difference to earlier counts.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            reads: self.reads.saturating_sub(earlier.reads),
            writes: self.writes.saturating_sub(earlier.writes),
            deletes: self.deletes.saturating_sub(earlier.deletes),
            refused: self.refused.saturating_sub(earlier.refused),
            executions: self.executions.saturating_sub(earlier.executions),
        }
    }
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    reads: AtomicU64,
    writes: AtomicU64,
    deletes: AtomicU64,
    refused: AtomicU64,
    executions: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self, documents: u64) {
        self.reads.fetch_add(documents, Ordering::Relaxed);
    }

    pub(crate) fn wrote(&self, writes: u64, deletes: u64) {
        self.writes.fetch_add(writes, Ordering::Relaxed);
        self.deletes.fetch_add(deletes, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wrote_execution(&self) {
        self.executions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> OperationCounts {
        OperationCounts {
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            deletes: self.deletes.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            executions: self.executions.load(Ordering::Relaxed),
        }
    }
}
