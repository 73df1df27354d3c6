//! The `storage` service: files of internal storage and of namespaces (docs/kestra.md 4.3).
//!
//! What it is: one module for each task type. The task types for namespace files are in [`namespace`]. Files of lines
//! are read and written line by line ([`segue_task::records`]), so their size does not matter.
//!
//! What it must not know: which adapter is behind internal storage, what the files contain beyond their
//! lines.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one
//! line in [`tasks`].

pub mod concat;
pub mod deduplicate_items;
pub mod delete;
mod draft;
pub mod filter_items;
pub mod foreach_item;
pub mod local_files;
pub mod namespace;
pub mod purge;
pub mod reverse;
pub mod size;
pub mod split;
#[cfg(test)]
mod testing;
pub mod write;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("storage")
        .deployed_as(include_str!("../function.yaml"))
        .add::<concat::Concat>()
        .add::<deduplicate_items::DeduplicateItems>()
        .add::<delete::Delete>()
        .add::<filter_items::FilterItems>()
        .add::<foreach_item::Merge>()
        .add::<foreach_item::Split>()
        .add::<local_files::LocalFiles>()
        .add::<purge::PurgeCurrentExecutionFiles>()
        .add::<reverse::Reverse>()
        .add::<size::Size>()
        .add::<split::Split>()
        .add::<write::Write>()
        .add::<namespace::DeleteFiles>()
        .add::<namespace::DownloadFiles>()
        .add::<namespace::UploadFiles>()
}
