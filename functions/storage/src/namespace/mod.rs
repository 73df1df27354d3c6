//! Tasks on namespace files (docs/kestra.md 2.8, 4.3).

mod delete;
mod download;
mod upload;

pub use delete::DeleteFiles;
pub use download::DownloadFiles;
pub use upload::UploadFiles;

use segue_files::namespace::{self, NamespaceFile};
use segue_files::{NamespaceGlobs, Texts};
use segue_task::{TaskContext, TaskError};

/// The files of a namespace that match.
async fn matching(
    context: &TaskContext,
    of: &str,
    patterns: &Texts,
) -> Result<Vec<NamespaceFile>, TaskError> {
    let globs = NamespaceGlobs::new(&patterns.0)?;
    let mut files = namespace::list(context.storage(), of).await?;
    files.retain(|file| globs.matches(&file.path));
    Ok(files)
}
