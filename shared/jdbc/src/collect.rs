//! Collects the rows of a statement for outputs, or writes them to a file in internal storage.

use crate::fetch::{FetchType, Fetched};
use bytes::Bytes;
use futures::StreamExt as _;
use segue_model::{Json, Map};
use segue_ports::PortError;
use segue_task::{TaskContext, TaskError, ion};
use tokio::sync::mpsc;

/// The most bytes of rows in outputs. No task run may have more outputs, so reading further is of no use.
const MOST_BYTES: usize = 8 << 20;
/// The size of a piece of a stored file, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// The number of pieces that wait for internal storage.
const WAITING: usize = 2;

/// The rows of one statement, as they are read.
#[derive(Debug)]
pub struct Collector {
    kind: FetchType,
    rows: Vec<Map>,
    /// The size of `rows` as JSON.
    bytes: usize,
    size: u64,
    piece: String,
}

impl Collector {
    /// A collector without rows.
    pub fn new(kind: FetchType) -> Self {
        Self { kind, rows: Vec::new(), bytes: 0, size: 0, piece: String::new() }
    }

    /// Whether the rows go to a file.
    pub fn is_stored(&self) -> bool {
        self.kind == FetchType::Store
    }

    /// Whether another row would change the result.
    pub fn wants_more(&self) -> bool {
        self.kind != FetchType::FetchOne || self.size == 0
    }

    /// Takes a row. With STORE, returns a piece of the file when there is enough for one.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the rows are too large for outputs.
    pub fn add(&mut self, row: Map) -> Result<Option<Bytes>, TaskError> {
        if !self.wants_more() || self.kind == FetchType::None {
            return Ok(None);
        }
        self.size += 1;
        if self.is_stored() {
            self.piece.push_str(&ion::to_string(&Json::Object(row)));
            self.piece.push('\n');
            return Ok(if self.piece.len() < PIECE_BYTES { None } else { self.rest() });
        }
        self.bytes += serde_json::to_string(&row).map_or(0, |text| text.len());
        if self.bytes > MOST_BYTES {
            return Err(TaskError::failed(format!(
                "the rows have more than {MOST_BYTES} bytes, and a task may have at most so many bytes of outputs; set \
                 fetchType: STORE, which writes the rows to a file"
            )));
        }
        self.rows.push(row);
        Ok(None)
    }

    /// The last piece of the file, after the last row. None if nothing is left.
    pub fn rest(&mut self) -> Option<Bytes> {
        (!self.piece.is_empty()).then(|| std::mem::take(&mut self.piece).into())
    }

    /// The outputs. `uri` is the address of the stored file.
    pub fn finish(self, context: &TaskContext, uri: Option<String>) -> Fetched {
        context.metric_counter("fetch.size", self.size as f64);
        let mut fetched = Fetched { size: Some(self.size), uri, ..Fetched::default() };
        match self.kind {
            FetchType::Fetch => fetched.rows = Some(self.rows),
            FetchType::FetchOne => fetched.row = self.rows.into_iter().next(),
            FetchType::Store | FetchType::None => {}
        }
        fetched
    }
}

/// The end of a file to which its pieces are sent. A reader of rows that fails must send an error, because the store
/// would take the pieces so far for the whole file.
pub type Pieces = mpsc::Sender<Result<Bytes, PortError>>;

/// The end of a file from which its pieces are stored.
pub type StoredPieces = mpsc::Receiver<Result<Bytes, PortError>>;

/// Both ends of a file.
pub fn file() -> (Pieces, StoredPieces) {
    mpsc::channel(WAITING)
}

/// Writes the pieces to the file for the rows of a statement, and returns its URI. Every delivery of a message writes
/// to the same name.
///
/// # Errors
/// [`TaskError`] if the file cannot be written, or if the sender sent an error.
pub async fn store(
    context: &TaskContext,
    statement: usize,
    pieces: StoredPieces,
) -> Result<String, TaskError> {
    let attempt = context.attempt_key().attempt;
    let path = context.storage_path(&format!("rows-{attempt}-{statement}.ion"));
    let pieces = futures::stream::unfold(pieces, |mut pieces| async move {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    Ok(context.storage().put(&path, pieces.boxed()).await?.0)
}

/// The error to send instead of a piece when the statement failed.
pub fn cut() -> PortError {
    PortError::invalid("the statement failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(text: &str) -> Map {
        json!({"a": text}).as_object().cloned().unwrap()
    }

    #[test]
    fn pieces_are_lines_of_ion() {
        let mut collector = Collector::new(FetchType::Store);
        assert!(collector.add(row("x")).unwrap().is_none());
        let long = "y".repeat(PIECE_BYTES);
        let piece = collector.add(row(&long)).unwrap().unwrap();
        assert_eq!(piece, format!("{{a:\"x\"}}\n{{a:\"{long}\"}}\n"));
        assert!(collector.rest().is_none());
        assert!(collector.add(row("z")).unwrap().is_none());
        assert_eq!(collector.rest().unwrap(), "{a:\"z\"}\n");
    }

    #[test]
    fn one_row_is_enough_and_outputs_have_a_limit() {
        let mut one = Collector::new(FetchType::FetchOne);
        assert!(one.wants_more());
        one.add(row("x")).unwrap();
        assert!(!one.wants_more());
        one.add(row("y")).unwrap();
        assert_eq!((one.rows, one.size), (vec![row("x")], 1));
        let mut all = Collector::new(FetchType::Fetch);
        let error = (0..20).try_for_each(|_| all.add(row(&"x".repeat(1 << 20))).map(|_| ())).unwrap_err();
        assert!(error.to_string().contains("set fetchType: STORE"), "{error}");
    }
}
