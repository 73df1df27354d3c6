//! Processes that this one starts: none outlives it, however it ends, and what they may know of it.
//!
//! What it is: [`Child`] starts a program and reads its output. On Linux a program whose `main` began with [`enter`]
//! starts itself once more, as the keeper: a small process of one thread, with an empty environment. For each child the
//! keeper forks a supervisor, which is the parent of all that the child leaves behind, sessions of their own included.
//! The supervisor has one end of a socket whose other end this process has. When that is closed, by a kill as well, the
//! supervisor kills all of them, and then ends. A supervisor that is killed takes the child along, and the keeper kills
//! the rest. [`take_over`] waits at the next start until nothing of that is left.
//!
//! Elsewhere, and where [`enter`] was not called, a child is a process group that is killed when [`Child`] is dropped:
//! it outlives a process that is killed with SIGKILL.
//!
//! [`harden`] closes this process to its neighbours, [`environment`] says which variables of this process its children
//! see.
//!
//! What it must not know: what the processes do, and for whom.
//!
//! How to add one more variable that children must not see: a word or a beginning in `environment.rs`.

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

/// To be called first in `main`, before any thread is started: where this process was started as a keeper, it is one
/// from here to its end. Else children that are started from now on do not outlive this process.
pub fn enter() {
    #[cfg(target_os = "linux")]
    {
        keeper::run_if_asked();
        kept::use_program("/proc/self/exe".into());
    }
}

/// Ends this process at once: nothing is written, waited for or cleared up any more. The keeper kills its children.
pub fn exit_at_once(code: i32) -> ! {
    signal_hook::low_level::exit(code)
}

/// As [`enter`], with a keeper of another program: for tests, where `main` is not the program's own.
#[doc(hidden)]
pub fn keep_with(program: std::path::PathBuf) {
    #[cfg(target_os = "linux")]
    kept::use_program(program);
    #[cfg(not(target_os = "linux"))]
    drop(program);
}
