//! The `git` service: clones of Git repositories (docs/kestra.md 4.7).
//!
//! What it is: one file for each task type. They share the properties of a repository ([`remote`]), its address
//! (`address`), the program git (`session`), and the sentences about its errors (`refusal`).
//!
//! The service runs the program `git`. The library `gix` is written in Rust, but does not push. The library `git2`
//! brings libgit2 in C, with OpenSSL as a second TLS provider. The program speaks every protocol of every Git server,
//! and is in Debian. It runs with no configuration, no hooks and no prompts of the machine. Passwords and keys are
//! never on its command line.
//!
//! What it must not know: which adapter is behind internal storage and the state store.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one line
//! in [`tasks`].

mod address;
pub mod clone;
mod refusal;
pub mod remote;
#[cfg(any(test, feature = "testing"))]
pub mod server;
mod session;
#[cfg(test)]
mod testing;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("git").deployed_as(include_str!("../function.yaml")).add::<clone::Clone>()
}
