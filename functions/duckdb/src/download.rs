//! Downloads the files of addresses in statements. DuckDB itself opens no connection: it would also reach the metadata
//! servers of clouds.

use futures::StreamExt as _;
use segue_files::path::disk_error;
use segue_task::outbound::{ClientSettings, describe};
use segue_task::{TaskContext, TaskError};
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt as _;

/// Whether a name is an address that can be downloaded.
pub(crate) fn is_address(name: &str) -> bool {
    let begins =
        |scheme: &str| name.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Downloads a file into a folder. The file keeps its last name, because DuckDB reads the format from the ending.
///
/// # Errors
/// [`TaskError::Failed`] if the address is refused or does not answer with the file.
pub(crate) async fn file(address: &str, folder: &Path, context: &TaskContext) -> Result<PathBuf, TaskError> {
    let url = context.clients().url(address)?;
    let client = context.clients().get(&ClientSettings::default())?;
    let name = url.path_segments().and_then(|mut parts| parts.next_back()).filter(|name| !name.is_empty());
    let path = folder.join(name.unwrap_or("file"));
    tokio::fs::create_dir_all(folder).await.map_err(|error| disk_error("make", folder, &error))?;
    let broken = |error: &_| TaskError::failed(format!("{url} could not be downloaded: {}", describe(error)));
    let response = client.get(url.clone()).send().await.map_err(|error| broken(&error))?;
    if !response.status().is_success() {
        return Err(TaskError::failed(format!(
            "{url} could not be downloaded: it answered {}",
            response.status()
        )));
    }
    let mut body = response.bytes_stream();
    let mut file =
        tokio::fs::File::create(&path).await.map_err(|error| disk_error("write", &path, &error))?;
    let mut size = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| broken(&error))?;
        size += bytes.len();
        file.write_all(&bytes).await.map_err(|error| disk_error("write", &path, &error))?;
    }
    file.flush().await.map_err(|error| disk_error("write", &path, &error))?;
    context.info(format!("{size} bytes of {url} were downloaded"));
    Ok(path)
}
