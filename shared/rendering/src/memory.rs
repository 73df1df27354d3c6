//! The memory a thread holds, by the counters of the allocator of Segue's programs. With another allocator
//! the counters do not change, and only time and steps limit a rendering.

use tikv_jemalloc_ctl::thread::{ThreadLocal, allocatedp, deallocatedp};

struct Counters {
    allocated: ThreadLocal<u64>,
    freed: ThreadLocal<u64>,
}

thread_local! {
    static COUNTERS: Option<Counters> =
        allocatedp::read().ok().zip(deallocatedp::read().ok()).map(|(allocated, freed)| Counters { allocated, freed });
}

/// The bytes this thread has allocated, minus the bytes it has freed. Only differences are meaningful,
/// because a thread can free what another thread allocated.
pub(crate) fn held() -> u64 {
    COUNTERS.with(|counters| {
        counters.as_ref().map_or(0, |counters| counters.allocated.get().wrapping_sub(counters.freed.get()))
    })
}

/// The bytes held now in addition to `before`.
pub(crate) fn grown_since(before: u64) -> u64 {
    let grown = held().wrapping_sub(before);
    // If less is held than before, the subtraction wraps around to a huge number.
    if grown > u64::MAX / 2 { 0 } else { grown }
}
