//! Reads a file of internal storage record by record.

use crate::context::TaskContext;
use crate::error::TaskError;
use futures::TryStreamExt as _;
use segue_files::input::uri_of_value;
use segue_model::Json;
use segue_ports::PortError;
use segue_ports::object::ByteStream;
use segue_template::ion;
use std::io;
use std::pin::Pin;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, BufReader};
use tokio_util::io::StreamReader;

/// The longest record, in bytes.
const LONGEST: usize = 256 * 1024 * 1024;
/// The number of bytes read at once.
const CHUNK: usize = 256 * 1024;

/// The records of a file.
pub struct Records {
    reader: Pin<Box<dyn AsyncBufRead + Send>>,
    separator: Vec<u8>,
    uri: String,
}

impl Records {
    /// Opens a file: `kestra:///…`, or `nsfile:///…` of the flow's namespace.
    ///
    /// # Errors
    /// An invalid address, a missing file, or an empty separator.
    pub async fn open(context: &TaskContext, uri: &str, separator: &str) -> Result<Self, TaskError> {
        let uri = uri_of_value(uri, &context.message().namespace)?;
        if separator.is_empty() {
            return Err(TaskError::failed(
                "separator is empty; write the text between records, like \"\\n\"",
            ));
        }
        let (_, stream) = context.storage().get(&uri).await.map_err(|error| not_there(error, &uri))?;
        Ok(Self { reader: reader(stream), separator: separator.as_bytes().to_vec(), uri })
    }

    /// The next record without its separator. None at the end.
    ///
    /// # Errors
    /// A file that cannot be read to its end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, TaskError> {
        let last = self.separator.last().copied().unwrap_or(b'\n');
        let mut record = Vec::new();
        loop {
            let read = self
                .reader
                .read_until(last, &mut record)
                .await
                .map_err(|error| port_error(error, &self.uri))?;
            if let Some(whole) = record.strip_suffix(self.separator.as_slice()) {
                let length = whole.len();
                record.truncate(length);
                return Ok(Some(record));
            }
            if read == 0 {
                return Ok((!record.is_empty()).then_some(record));
            }
            if record.len() > LONGEST {
                return Err(TaskError::failed(format!(
                    "{} has a record of more than {LONGEST} bytes; does the file have another separator?",
                    self.uri
                )));
            }
        }
    }

    /// The next record that is not blank, with its values. None at the end.
    ///
    /// # Errors
    /// As [`Self::next`], and for a record that is not ION (JSON lines are ION).
    pub async fn next_row(&mut self) -> Result<Option<(Vec<u8>, Json)>, TaskError> {
        while let Some(record) = self.next().await? {
            let wrong = |why: String| {
                let shown: String = String::from_utf8_lossy(&record).chars().take(200).collect();
                TaskError::failed(format!("{} has a row that cannot be read: {why} in '{shown}'", self.uri))
            };
            let text = std::str::from_utf8(&record).map_err(|error| wrong(error.to_string()))?;
            let mut rows = ion::parse_all(text).map_err(|error| wrong(error.to_string()))?;
            match (rows.pop(), rows.is_empty()) {
                (None, _) => {}
                (Some(row), true) => return Ok(Some((record, row))),
                (Some(_), false) => return Err(wrong("there are several values".to_owned())),
            }
        }
        Ok(None)
    }
}

fn reader(stream: ByteStream) -> Pin<Box<dyn AsyncBufRead + Send>> {
    Box::pin(BufReader::with_capacity(CHUNK, StreamReader::new(stream.map_err(io::Error::other))))
}

/// Restores the port's own error from the error of a reader over the file at `uri`.
pub fn port_error(error: io::Error, uri: &str) -> TaskError {
    match error.downcast::<PortError>() {
        Ok(error) => error.into(),
        Err(error) => TaskError::failed(format!("{uri} cannot be read: {error}")),
    }
}

/// If the file does not exist, returns an error with the address as the flow wrote it.
pub fn not_there(error: PortError, uri: &str) -> TaskError {
    match error {
        PortError::NotFound { .. } => TaskError::failed(format!("{uri} was not found in internal storage")),
        other => other.into(),
    }
}
