//! The `compress` service: archives and compressed files (docs/kestra.md 4.13).
//!
//! What it is: `compression` knows the formats of compressed bytes, `archive` those of archives. `work` copies files
//! between internal storage and the disk, and runs the conversion on a thread of its own. Each task type is a file.
//!
//! What it must not know: which adapter is behind internal storage.
//!
//! How to add one more: for a compression, a variant of [`compression::Compression`]; for an archive, a variant of
//! [`archive::Algorithm`] with its reader and writer.

pub mod archive;
pub mod archive_compress;
pub mod archive_decompress;
pub mod compression;
pub mod file_compress;
pub mod file_decompress;
mod limits;
#[cfg(test)]
mod testing;
mod work;

use segue_task::TaskList;

/// The task types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("compress")
        .deployed_as(include_str!("../function.yaml"))
        .add::<archive_compress::ArchiveCompress>()
        .add::<archive_decompress::ArchiveDecompress>()
        .add::<file_compress::FileCompress>()
        .add::<file_decompress::FileDecompress>()
}
