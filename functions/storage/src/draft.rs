//! A file that is being written. It is in the working directory until it is complete, and then moved to
//! internal storage.

use segue_files::path::disk_error;
use segue_task::{TaskContext, TaskError};
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};

/// The size of the write buffer, in bytes.
const CHUNK: usize = 128 * 1024;

/// A file that is being written.
pub(crate) struct Draft {
    path: PathBuf,
    name: String,
    file: BufWriter<File>,
}

impl Draft {
    /// Starts a file with this name. The name comes from the task, not from the user.
    pub(crate) async fn create(context: &TaskContext, name: String) -> Result<Self, TaskError> {
        let path = context.working_dir().join(format!("{}{name}", segue_files::output::SCRATCH_PREFIX));
        let file = File::create(&path).await.map_err(|error| disk_error("write", &path, &error))?;
        Ok(Self { path, name, file: BufWriter::with_capacity(CHUNK, file) })
    }

    /// Adds bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), TaskError> {
        Ok(self.file.write_all(bytes).await.map_err(|error| disk_error("write", &self.path, &error))?)
    }

    /// Adds a record and the separator between records.
    pub(crate) async fn record(&mut self, record: &[u8], separator: &str) -> Result<(), TaskError> {
        self.write(record).await?;
        self.write(separator.as_bytes()).await
    }

    /// Ends the file and returns its URI.
    pub(crate) async fn finish(mut self, context: &TaskContext) -> Result<String, TaskError> {
        self.file.flush().await.map_err(|error| disk_error("write", &self.path, &error))?;
        drop(self.file);
        Ok(context.storage().put_file(&context.storage_path(&self.name), &self.path).await?.0)
    }
}

/// An `extension` property, with or without its dot.
///
/// # Errors
/// A text that is not the ending of a file name.
pub(crate) fn named_extension(extension: &str) -> Result<String, TaskError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !extension.chars().all(plain) || extension.contains("..") {
        return Err(TaskError::failed(format!(
            "extension is '{extension}'; write the ending of a file name, like '.csv' or '.csv.gz'"
        )));
    }
    let dot = if extension.is_empty() || extension.starts_with('.') { "" } else { "." };
    Ok(format!("{dot}{extension}"))
}

/// The ending of the name in a URI, with its dot: `.ion`. Default: `.tmp`.
pub(crate) fn extension(uri: &str) -> String {
    let name = segue_files::path::last_part(uri);
    let plain = |ending: &&str| !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphanumeric());
    match name.rsplit_once('.').map(|(_, ending)| ending).filter(plain) {
        Some(ending) => format!(".{ending}"),
        None => ".tmp".to_owned(),
    }
}
