//! The `bigquery` service: datasets, tables and query jobs in the warehouse (docs/kestra.md 4.6).
//!
//! What it is: one file for each task type; their common properties ([`connection`]), the conversion of the
//! warehouse's errors (`refusal`), and the ids of jobs (`job`).
//!
//! What it must not know: which warehouse answers, how SQL is run.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`;
//! one line in [`tasks`].

pub mod connection;
pub mod copy;
pub mod create_dataset;
pub mod create_table;
pub mod delete_dataset;
pub mod delete_table;
pub mod disposition;
pub mod extract_to_gcs;
pub mod fetch;
pub mod job;
pub mod load;
pub mod load_from_gcs;
pub mod query;
mod refusal;
pub mod sql;
pub mod table_metadata;
#[cfg(test)]
mod testing;
pub mod trigger;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("bigquery")
        .deployed_as(include_str!("../function.yaml"))
        .add::<copy::Copy>()
        .add::<create_dataset::CreateDataset>()
        .add::<create_table::CreateTable>()
        .add::<delete_dataset::DeleteDataset>()
        .add::<delete_table::DeleteTable>()
        .add::<extract_to_gcs::ExtractToGcs>()
        .add::<load::Load>()
        .add::<load_from_gcs::LoadFromGcs>()
        .add::<query::Query>()
        .add::<table_metadata::TableMetadata>()
        .add_trigger::<trigger::Trigger>()
}
