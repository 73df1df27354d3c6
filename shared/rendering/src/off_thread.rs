//! Work that may take seconds, in a process whose threads have other things to do.

use crate::allowance::share_time;
use crate::places;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Does work that renders expressions. Where it `computes`, the runtime's other work goes on elsewhere meanwhile, and
/// no more than a few such pieces of work are done at once in the process; the others wait. Work that does not is
/// done at once, as moving it would take longer than doing it.
///
/// In a runtime of one thread, and outside of any, the work is simply done.
pub fn off_thread<T>(computes: bool, work: impl FnOnce() -> T) -> T {
    let has_threads =
        || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if !computes || !has_threads() {
        return share_time(work);
    }
    tokio::task::block_in_place(|| {
        let _place = places::take();
        share_time(work)
    })
}
