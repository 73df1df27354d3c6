//! The `git` service: clones of Git repositories, and flows and namespace files from Git and to Git (docs/kestra.md 4.7).
//!
//! What it is: one file for each task type. They share the properties of a repository ([`remote`]), its address
//! (`address`), the program git (`session`), the sentences about its errors (`refusal`), the files of a branch (`files`)
//! and the list of changes (`rows`). Pushes share the commit ([`push`]). Flows are checked before they are saved
//! (`flow_types`, `flow_source`), and the scheduler learns of them by a message (`flow_store`).
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
mod files;
mod flow_source;
mod flow_store;
mod flow_types;
pub mod push;
pub mod push_flows;
pub mod push_namespace_files;
mod refusal;
pub mod remote;
mod rows;
#[cfg(any(test, feature = "testing"))]
pub mod server;
mod session;
pub mod sync_flow;
pub mod sync_flows;
pub mod sync_namespace_files;
#[cfg(test)]
mod testing;

use segue_connectors::Connector;
use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    tasks_with(&[])
}

/// The task types of this service. Flows from Git may use these connectors of the user's own.
#[must_use]
pub fn tasks_with(own: &'static [Connector]) -> TaskList {
    TaskList::new("git")
        .deployed_as(include_str!("../function.yaml"))
        .add::<clone::Clone>()
        .add::<push_flows::PushFlows>()
        .add::<push_namespace_files::PushNamespaceFiles>()
        .add_described(flow_types::described::<sync_flow::SyncFlow>(own))
        .add_described(flow_types::described::<sync_flows::SyncFlows>(own))
        .add::<sync_namespace_files::SyncNamespaceFiles>()
}
