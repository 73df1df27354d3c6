//! The `gcs` service: buckets, and objects in them (docs/kestra.md 4.6).
//!
//! What it is: one module for each task type, with their common properties in [`google`], the description of
//! an object in [`blob`], and the choice of objects in [`listing`]. Objects are copied inside the store: no
//! bytes pass through this service, except when objects are joined.
//!
//! What it must not know: which adapter is behind the buckets, how internal storage lays out its files.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one
//! line in [`tasks`].

pub mod blob;
pub mod compose;
pub mod copy;
pub mod create_bucket;
pub mod delete;
pub mod delete_bucket;
pub mod delete_list;
pub mod download;
pub mod downloads;
pub mod google;
pub mod list;
pub mod listing;
mod seen;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod trigger;
pub mod update_bucket;
pub mod upload;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("gcs")
        .deployed_as(include_str!("../function.yaml"))
        .add::<compose::Compose>()
        .add::<copy::Copy>()
        .add::<create_bucket::CreateBucket>()
        .add::<delete::Delete>()
        .add::<delete_bucket::DeleteBucket>()
        .add::<delete_list::DeleteList>()
        .add::<download::Download>()
        .add::<downloads::Downloads>()
        .add::<list::List>()
        .add::<update_bucket::UpdateBucket>()
        .add::<upload::Upload>()
        .add_trigger::<trigger::Trigger>()
}
