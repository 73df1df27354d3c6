//! Child processes: none outlives this process, and none sees its secrets.
//!
//! What it is: [`Child`] starts a program and reads its output. On Linux, a program that calls [`enter`]
//! first in `main` starts itself once more as the keeper: a small process with one thread and an empty
//! environment. For each child, the keeper forks a supervisor. The supervisor is the parent of all processes
//! that the child leaves behind, even in their own sessions. A socket connects the supervisor with this
//! process. When the socket is closed, also because this process was killed, the supervisor kills all these
//! processes and ends. If a supervisor is killed, its child is killed too, and the keeper kills the rest. At
//! the next start, [`take_over`] waits until nothing of this is left.
//!
//! On other systems, and without [`enter`], a child is a process group that is killed when [`Child`] is
//! dropped. It survives if this process is killed with SIGKILL.
//!
//! [`harden`] protects this process from other processes of the same user. [`environment`] decides which
//! variables of this process its children see.
//!
//! What it must not know: what the processes do, and for whom.
//!
//! How to add one more variable that children must not see: add a word or a prefix in `environment.rs`.

mod child;
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

/// Call this first in `main`, before any thread starts. If this process was started as a keeper, it runs as
/// one until it ends. Otherwise, children that are started from now on do not outlive this process.
pub fn enter() {
    #[cfg(target_os = "linux")]
    {
        keeper::run_if_asked();
        kept::use_program("/proc/self/exe".into());
    }
}

/// Ends this process at once, without writing, waiting or clearing up. The keeper kills its children.
pub fn exit_at_once(code: i32) -> ! {
    signal_hook::low_level::exit(code)
}

/// Like [`enter`], with another program as the keeper, for tests, in which `main` belongs to the test
/// harness.
#[doc(hidden)]
pub fn keep_with(program: std::path::PathBuf) {
    #[cfg(target_os = "linux")]
    kept::use_program(program);
    #[cfg(not(target_os = "linux"))]
    drop(program);
}
