//! The way of rows from the thread of a job to the reader of a stream.
//!
//! The thread waits while the reader is behind, so that only a few batches are in memory. The rows that a job's
//! record may keep are remembered on the way.

use super::catalog::KEPT_RESULT_BYTES;
use segue_ports::warehouse::{QueryResult, Row, WarehouseError};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// The number of rows that are handed over at once.
const BATCH: usize = 256;
/// The number of batches that wait for the reader.
const WAITING: usize = 4;

/// The end of the thread.
pub(crate) struct RowsOut {
    begun: Mutex<Option<oneshot::Sender<QueryResult>>>,
    batches: mpsc::Sender<Vec<Row>>,
}

/// The end of the reader.
pub(super) struct RowsIn {
    /// The outcome without rows, as soon as rows can be read. Closed if the job has no stream of rows.
    pub(super) begun: oneshot::Receiver<QueryResult>,
    /// The rows.
    pub(super) batches: mpsc::Receiver<Vec<Row>>,
}

/// Both ends.
pub(super) fn pair() -> (RowsOut, RowsIn) {
    let (begin, begun) = oneshot::channel();
    let (sender, batches) = mpsc::channel(WAITING);
    (RowsOut { begun: Mutex::new(Some(begin)), batches: sender }, RowsIn { begun, batches })
}

impl RowsOut {
    /// Whether the reader has the outcome already, so that the statement must not run again.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Tells the reader that rows can be read, and starts with the first batch.
    pub(super) fn begin(&self, result: QueryResult) -> Batches<'_> {
        let begin = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(begin) = begin {
            // A reader that is gone is noticed at the first batch.
            let _unheard = begin.send(result);
        }
        Batches { out: self, batch: Vec::with_capacity(BATCH), kept: Some((Vec::new(), 0)) }
    }
}

/// The rows of one statement on their way.
pub(super) struct Batches<'a> {
    out: &'a RowsOut,
    batch: Vec<Row>,
    /// The rows for the record, and their size in bytes. None if they are too large.
    kept: Option<(Vec<Row>, usize)>,
}

impl Batches<'_> {
    pub(super) fn push(&mut self, row: Row) -> Result<(), WarehouseError> {
        if let Some((rows, size)) = &mut self.kept {
            *size += serde_json::to_string(&row).map_or(KEPT_RESULT_BYTES, |text| text.len() + 1);
            if *size < KEPT_RESULT_BYTES {
                rows.push(row.clone());
            } else {
                self.kept = None;
            }
        }
        self.batch.push(row);
        if self.batch.len() < BATCH { Ok(()) } else { self.send() }
    }

    /// Hands over the last batch. Returns the rows for the record, or None if they are too large.
    pub(super) fn end(mut self) -> Result<Option<Vec<Row>>, WarehouseError> {
        if !self.batch.is_empty() {
            self.send()?;
        }
        Ok(self.kept.map(|(rows, _)| rows))
    }

    fn send(&mut self) -> Result<(), WarehouseError> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let gone = |_| WarehouseError::Unavailable { message: "nobody reads the rows any more".to_owned() };
        self.out.batches.blocking_send(batch).map_err(gone)
    }
}
