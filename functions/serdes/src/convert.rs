//! Runs a conversion: bytes of internal storage in, bytes of internal storage out.

use crate::failure::Failure;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_files::input::uri_of_value;
use segue_ports::PortError;
use segue_task::records::not_there;
use segue_task::{TaskContext, TaskError};
use serde::Serialize;
use std::io::{self, BufRead, Write};
use std::panic::AssertUnwindSafe;
use tokio::io::BufReader;
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

/// The size of a piece that is read or written at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// The outputs of a conversion.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Converted {
    /// The new file.
    pub uri: String,
    /// The number of rows.
    pub size: u64,
}

/// The file that a conversion reads.
pub(crate) type Source = Box<dyn BufRead + Send>;

/// The file that a conversion writes. It is written to internal storage in pieces while the conversion continues.
pub(crate) struct Sink {
    piece: Vec<u8>,
    pieces: mpsc::Sender<Result<Bytes, PortError>>,
}

impl Sink {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        // If internal storage takes no more, its own error counts.
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    // Parts of a piece stay here, because every piece is a message.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Converts a file. `ending` is the ending of the new file's name. `work` reads, writes, and returns the number of
/// rows. It runs on a thread of its own. If it fails, there is no new file.
///
/// # Errors
/// [`TaskError`] if there is no such file, if the file is not what the task expects, or if internal storage fails.
pub(crate) async fn convert(
    context: &TaskContext,
    from: &str,
    ending: &str,
    work: impl FnOnce(Source, &mut Sink) -> Result<u64, Failure> + Send + 'static,
) -> Result<Converted, TaskError> {
    let uri = uri_of_value(from, &context.message().namespace)?;
    let (_, stream) = context.storage().get(&uri).await.map_err(|error| not_there(error, &uri))?;
    let reader = StreamReader::new(stream.map_err(io::Error::other));
    let reader = SyncIoBridge::new(Box::pin(BufReader::with_capacity(PIECE_BYTES, reader)));
    produce(context, &uri, ending, move |sink| work(Box::new(reader), sink)).await
}

/// Writes a new file. `uri` is the file that `work` reads. Otherwise as [`convert`].
///
/// # Errors
/// [`TaskError`] if the file is not what the task expects, or if internal storage fails.
pub(crate) async fn produce(
    context: &TaskContext,
    uri: &str,
    ending: &str,
    work: impl FnOnce(&mut Sink) -> Result<u64, Failure> + Send + 'static,
) -> Result<Converted, TaskError> {
    let (pieces, receiver) = mpsc::channel(2);
    let converted = tokio::task::spawn_blocking(move || {
        let mut sink = Sink { piece: Vec::new(), pieces };
        let done = catch(|| work(&mut sink)).and_then(|rows| Ok(sink.send().map(|()| rows)?));
        if done.is_err() {
            // Without this, internal storage would take the pieces so far for the whole file.
            let _gone = sink.pieces.blocking_send(Err(PortError::invalid("the conversion failed")));
        }
        done
    });
    let pieces = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let path = context.storage_path(&format!("converted-{}.{ending}", context.attempt_key().attempt));
    let (written, converted) = tokio::join!(context.storage().put(&path, pieces.boxed()), converted);
    let converted =
        converted.map_err(|error| TaskError::failed(format!("the conversion broke off: {error}")))?;
    let size = match converted {
        // The store took no more: its own error says why.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            written?;
            return Err(Failure::Io(error).of(uri));
        }
        Err(failure) => return Err(failure.of(uri)),
        Ok(size) => size,
    };
    let uri = written?.0;
    context.metric_counter("records", size as f64);
    context.info(format!("{size} rows are in {uri}"));
    Ok(Converted { uri, size })
}

/// Runs a conversion. A library that panics because of a damaged file must not leave a part of a new file.
fn catch(work: impl FnOnce() -> Result<u64, Failure>) -> Result<u64, Failure> {
    // After a panic nothing of the conversion is used again.
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<String>().cloned();
        let why = why.or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned()));
        Err(Failure::refused(format!(
            "the file cannot be read, so it may be damaged: {}; write the file again",
            why.unwrap_or_else(|| "the conversion broke off".to_owned())
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure() {
        let failure = catch(|| panic!("no such page")).unwrap_err().to_string();
        assert!(failure.contains("it may be damaged: no such page; write the file again"), "{failure}");
        assert_eq!(catch(|| Ok(3)).unwrap(), 3);
    }
}
