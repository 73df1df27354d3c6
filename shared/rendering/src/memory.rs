//! How much memory a thread holds, by the counters of the allocator of Segue's programs. Where a program has another
//! allocator, the counters stand still, and only time and steps bound a render.

use tikv_jemalloc_ctl::thread::{ThreadLocal, allocatedp, deallocatedp};

struct Counters {
    allocated: ThreadLocal<u64>,
    freed: ThreadLocal<u64>,
}

thread_local! {
    static COUNTERS: Option<Counters> =
        allocatedp::read().ok().zip(deallocatedp::read().ok()).map(|(allocated, freed)| Counters { allocated, freed });
}

/// What this thread has allocated less what it has freed, bytes. Only differences mean something: a thread frees what
/// another one allocated.
pub(crate) fn held() -> u64 {
    COUNTERS.with(|counters| {
        counters.as_ref().map_or(0, |counters| counters.allocated.get().wrapping_sub(counters.freed.get()))
    })
}

/// How much more is held than at `before`, bytes.
pub(crate) fn grown_since(before: u64) -> u64 {
    let grown = held().wrapping_sub(before);
    // Less than before comes out as a number beyond all memory.
    if grown > u64::MAX / 2 { 0 } else { grown }
}
