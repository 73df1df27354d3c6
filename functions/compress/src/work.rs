//! Runs a conversion between files on disk.

use segue_files::input::uri_of_value;
use segue_task::records::not_there;
use segue_task::{TaskContext, TaskError};
use std::io;
use std::path::{Path, PathBuf};

/// Copies a file of internal storage to the working directory. Returns its path and its URI.
///
/// # Errors
/// There is no such file, or the disk or internal storage fails.
pub(crate) async fn fetch(
    context: &TaskContext,
    from: &str,
    name: &str,
) -> Result<(PathBuf, String), TaskError> {
    let uri = uri_of_value(from, &context.message().namespace)?;
    let path = folder(context, "in").await?.join(name);
    context.storage().get_file(&uri, &path).await.map_err(|error| not_there(error, &uri))?;
    Ok((path, uri))
}

/// An own folder in the working directory.
///
/// # Errors
/// The disk fails.
pub(crate) async fn folder(context: &TaskContext, name: &str) -> Result<PathBuf, TaskError> {
    let folder =
        context.working_dir().join(format!(".compress-{}", context.attempt_key().attempt)).join(name);
    tokio::fs::create_dir_all(&folder).await.map_err(|error| disk(&folder, &error))?;
    Ok(folder)
}

/// Runs a conversion on a thread of its own. `what` names the file for the error message.
///
/// # Errors
/// The conversion fails.
pub(crate) async fn convert<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, TaskError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(TaskError::failed(format!("{what}: {error}{}", hint(&error)))),
        Err(error) => Err(TaskError::failed(format!("{what}: the conversion broke off: {error}"))),
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            "; check algorithm and compression, and whether the file is complete"
        }
        _ => "",
    }
}

fn disk(path: &Path, error: &io::Error) -> TaskError {
    TaskError::failed(format!("cannot write '{}': {error}", path.display()))
}
