//! Copies files to the working directory before a script starts: namespace files first, then input files.

use crate::directories::{Directories, RemoteFile, WORK};
use segue_files::{InputFiles, NamespaceFiles};
use segue_model::Json;
use segue_task::{TaskContext, TaskError};
use std::path::Path;

/// Copies namespace files, then input files, to a directory.
pub(crate) async fn stage(
    context: &TaskContext,
    dir: &Path,
    (namespace_files, input_files): (Option<&NamespaceFiles>, &Json),
) -> Result<(), TaskError> {
    put_files(context, dir, namespace_files, InputFiles::parse(input_files)?).await
}

/// Copies files for a remote container. Files of internal storage are only returned: they can be large, and the store
/// copies them without this service.
pub(crate) async fn stage_remote(
    context: &TaskContext,
    directories: &Directories,
    (namespace_files, input_files): (Option<&NamespaceFiles>, &Json),
) -> Result<Vec<RemoteFile>, TaskError> {
    let mut files = InputFiles::parse(input_files)?;
    let stored = files.take_stored(&context.message().namespace)?;
    put_files(context, directories.dir(), namespace_files, files).await?;
    let remote_files = |(name, uri)| RemoteFile { uri, path: format!("{WORK}/{name}") };
    Ok(stored.into_iter().map(remote_files).collect())
}

async fn put_files(
    context: &TaskContext,
    dir: &Path,
    namespace_files: Option<&NamespaceFiles>,
    input_files: InputFiles,
) -> Result<(), TaskError> {
    let storage = context.storage();
    let namespace = &context.message().namespace;
    if let Some(files) = namespace_files {
        let copied = files.copy(dir, storage, namespace).await?;
        context.debug(format!("{} namespace files are in the working directory", copied.len()));
    }
    input_files.write(dir, storage, namespace).await?;
    Ok(())
}
