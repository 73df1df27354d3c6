//! The rows of a job as a stream, so that no result must fit into memory.
//!
//! It must not know: where the rows come from, or who reads them.

use super::{QueryResult, WarehouseError};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::{Map, Value};

/// A row, as Kestra prints it: see [`QueryResult::rows`].
pub type Row = Map<String, Value>;

/// Rows, one after another. After an error there are no more rows.
pub type RowStream = BoxStream<'static, Result<Row, WarehouseError>>;

/// The outcome of a job, with its rows still to be read.
pub struct Rows {
    /// The outcome. Its `rows` are empty. Its `total_rows` is 0 if the number is known only at the end of the
    /// stream.
    pub result: QueryResult,
    /// The rows. Dropping the stream frees everything behind it.
    pub stream: RowStream,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rows").field("result", &self.result).finish_non_exhaustive()
    }
}

impl From<QueryResult> for Rows {
    /// The rows of a result that is in memory.
    fn from(mut result: QueryResult) -> Self {
        let rows = std::mem::take(&mut result.rows);
        Self { result, stream: futures::stream::iter(rows.into_iter().map(Ok)).boxed() }
    }
}
