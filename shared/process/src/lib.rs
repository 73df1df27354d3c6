//! Starts child processes. No child outlives this process, and no child sees its secrets.
//!
//! What it is: [`Child`] starts a program and reads its output.
//!
//! On Linux, a program calls [`enter`] first in `main`. Then children have a keeper and supervisors:
//! - The keeper is the same program, started again as a small process with one thread and an empty environment. It
//!   forks a supervisor for each child.
//! - The supervisor is the parent of all processes that the child leaves behind, even in their own sessions. A socket
//!   connects it with this process.
//! - When the socket is closed, the supervisor kills all these processes and ends. The socket is also closed if this
//!   process was killed.
//! - If a supervisor is killed, its child is killed too, and the keeper kills the other processes.
//! - At the next start, [`take_over`] waits until all of them have ended.
//!
//! On other systems, and without [`enter`], a child is a process group. Dropping [`Child`] kills the group. If this
//! process is killed with SIGKILL, the group is not killed.
//!
//! [`harden`] protects this process from other processes of the same user. [`environment`] decides which
//! variables of this process its children see.
//!
//! What it must not know: what the child processes do, and for whom.
//!
//! How to add one more variable that children must not see: add a word or a prefix in `environment.rs`.

mod child;
#[cfg(target_os = "linux")]
mod ends;
pub mod environment;
mod group;
mod harden;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod kept;
mod left;
#[cfg(target_os = "linux")]
mod supervisor;
mod tree;
#[cfg(target_os = "linux")]
mod wire;

pub use child::{Child, Output, Program, StartError};
pub use harden::harden;
pub use left::{StillThere, take_over};

/// Call this first in `main`, before any thread starts. If this process was started as a keeper, the call runs the
/// keeper and does not return. Otherwise, no child that is started from now on outlives this process.
pub fn enter() {
    #[cfg(target_os = "linux")]
    {
        keeper::run_if_asked();
        kept::use_program("/proc/self/exe".into());
    }
}

/// Ends this process at once, without waiting and without clearing up. The keeper kills its children.
pub fn exit_at_once(code: i32) -> ! {
    signal_hook::low_level::exit(code)
}

/// Like [`enter`], but `program` is the keeper. For tests, because their `main` belongs to the test harness.
#[doc(hidden)]
pub fn keep_with(program: std::path::PathBuf) {
    #[cfg(target_os = "linux")]
    kept::use_program(program);
    #[cfg(not(target_os = "linux"))]
    drop(program);
}
