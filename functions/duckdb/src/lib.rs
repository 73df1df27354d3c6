//! The `duckdb` service: SQL on files, with DuckDB inside of the service (docs/kestra.md 4.9).
//!
//! What it is: one file for each task type. They share properties and the order of the work (`script`): the files of
//! the task (`files`, `download`), the thread with the statements (`job`), the database with its limits (`engine`),
//! what words say about a statement (`verbs`, `paths`), and the conversion of values (`cells`, `times`). What is the
//! same for every database is in the crate `jdbc`.
//!
//! What it must not know: which adapter is behind internal storage, and the warehouse of one machine, which is DuckDB
//! too.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one line
//! in [`tasks`].

mod address;
mod cells;
mod download;
mod engine;
pub mod files;
#[cfg(test)]
mod filing;
#[cfg(test)]
mod hostile;
mod job;
mod paths;
pub mod queries;
pub mod query;
mod refusal;
pub mod script;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod testing;
mod times;
pub mod trigger;
#[cfg(test)]
mod types;
mod verbs;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("duckdb")
        .deployed_as(include_str!("../function.yaml"))
        .add::<queries::Queries>()
        .add::<query::Query>()
        .add_trigger::<trigger::Trigger>()
}
