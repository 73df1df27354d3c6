//! Moves work that may take seconds away from threads that have other things to do.

use crate::allowance::share_time;
use crate::permits;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs work that renders expressions. If the work `computes`, other work of the runtime continues on other
/// threads meanwhile. Only a few such pieces of work run at the same time in the process; others wait. Work
/// that does not compute runs directly, because moving it would take longer than the work.
///
/// In a runtime with one thread, and outside a runtime, the work runs directly.
pub fn off_thread<T>(computes: bool, work: impl FnOnce() -> T) -> T {
    let has_threads =
        || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if !computes || !has_threads() {
        return share_time(work);
    }
    tokio::task::block_in_place(|| {
        let _permit = permits::take();
        share_time(work)
    })
}
