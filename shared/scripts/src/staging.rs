//! Files that are there before a script begins: files of the namespace, then input files.

use crate::place::{Brought, Place, WORK};
use segue_files::{InputFiles, NamespaceFiles};
use segue_model::Json;
use segue_task::{TaskContext, TaskError};
use std::path::Path;

/// Puts files of the namespace, then input files, in a directory.
pub(crate) async fn stage(
    context: &TaskContext,
    dir: &Path,
    (namespace_files, input_files): (Option<&NamespaceFiles>, &Json),
) -> Result<(), TaskError> {
    put_files(context, dir, namespace_files, InputFiles::parse(input_files)?).await
}

/// The same for a container outside. Files of internal storage are only named, because they can be large and need not
/// pass through this service.
pub(crate) async fn stage_elsewhere(
    context: &TaskContext,
    place: &Place,
    (namespace_files, input_files): (Option<&NamespaceFiles>, &Json),
) -> Result<Vec<Brought>, TaskError> {
    let mut files = InputFiles::parse(input_files)?;
    let stored = files.take_stored(&context.message().namespace)?;
    put_files(context, place.dir(), namespace_files, files).await?;
    let brought = |(name, uri)| Brought { uri, path: format!("{WORK}/{name}") };
    Ok(stored.into_iter().map(brought).collect())
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
