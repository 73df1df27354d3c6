//! The `postgres` service: statements, copies and batches in PostgreSQL databases (docs/kestra.md 4.5).
//!
//! What it is: one file for each task type. They share the properties of a connection ([`connection`]), the connection
//! itself (`session`), the JDBC URL (`url`, `settings`), and the conversion of values (`cells`). What is the same for
//! every database is in the crate `jdbc`.
//!
//! What it must not know: which adapter is behind internal storage.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one line
//! in [`tasks`].

pub mod batch;
mod cells;
#[cfg(any(test, feature = "testing"))]
pub mod cluster;
pub mod connection;
pub mod copy;
pub mod copy_in;
pub mod copy_out;
pub mod fetch;
mod nested;
mod parameter;
mod placeholders;
pub mod queries;
pub mod query;
mod refusal;
mod session;
mod settings;
#[cfg(test)]
mod testing;
mod tls;
pub mod trigger;
mod url;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("postgres")
        .deployed_as(include_str!("../function.yaml"))
        .add::<batch::Batch>()
        .add::<copy_in::CopyIn>()
        .add::<copy_out::CopyOut>()
        .add::<queries::Queries>()
        .add::<query::Query>()
        .add_trigger::<trigger::Trigger>()
}
