//! Returns or stores the rows of a job: no rows, outputs, or a file.

use crate::refusal::refusal;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::PortError;
use segue_ports::object::ByteStream;
use segue_ports::warehouse::{RowStream, Rows, TableReference, WarehouseError};
use segue_task::{TaskContext, TaskError, ion};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most bytes of rows in outputs. No task run may have more outputs, so reading further is of no use.
const MOST_BYTES: usize = 8 << 20;
/// The size of a piece of a stored file.
const PIECE_BYTES: usize = 256 << 10;

/// What happens to the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FetchType {
    /// Nothing.
    #[default]
    None,
    /// All rows are outputs.
    Fetch,
    /// The first row is an output.
    FetchOne,
    /// The rows go to a file in internal storage, as ION, one on each line.
    Store,
}

/// The outputs of `bigquery.Query`.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The job's id.
    pub job_id: String,
    /// With FETCH, the rows.
    pub rows: Option<Vec<Map>>,
    /// With FETCH_ONE, the first row. Empty if there are no rows.
    pub row: Option<Map>,
    /// The number of rows fetched or stored.
    pub size: Option<u64>,
    /// With STORE, the file.
    pub uri: Option<String>,
    /// The table that the rows of a SELECT were written to: `project`, `dataset` and `table`.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub destination_table: Option<TableReference>,
}

/// Returns or stores the rows as the task asks. At no time are all rows of a stored result in memory.
///
/// # Errors
/// [`TaskError`] if the rows cannot be read, if they are too large for outputs, or if the file cannot be written.
pub(crate) async fn hand_over(
    rows: Rows,
    fetch: FetchType,
    context: &TaskContext,
) -> Result<Output, TaskError> {
    let Rows { result, mut stream } = rows;
    let mut output =
        Output { job_id: result.job_id, destination_table: result.destination_table, ..Output::default() };
    let refused = |error| refusal(error, context);
    match fetch {
        FetchType::None => {}
        FetchType::Fetch => {
            let (mut rows, mut bytes) = (Vec::new(), 0);
            while let Some(row) = stream.try_next().await.map_err(refused)? {
                bytes += serde_json::to_string(&row).map_or(0, |text| text.len());
                if bytes > MOST_BYTES {
                    return Err(TaskError::failed(format!(
                        "the rows have more than {MOST_BYTES} bytes, and a task may have at most so many bytes of \
                         outputs; set fetchType: STORE, which writes the rows to a file"
                    )));
                }
                rows.push(row);
            }
            output.size = Some(rows.len() as u64);
            output.rows = Some(rows);
        }
        FetchType::FetchOne => {
            let row = stream.try_next().await.map_err(refused)?;
            output.size = Some(u64::from(row.is_some()));
            output.row = Some(row.unwrap_or_default());
        }
        FetchType::Store => {
            let path = context.storage_path(&format!("{}.ion", output.job_id));
            let (lines, count) = lines(stream);
            output.uri = Some(context.storage().put(&path, lines).await?.0);
            output.size = Some(count.load(Ordering::Relaxed));
        }
    }
    Ok(output)
}

/// The rows as lines of ION, in pieces, and the number of rows that have been read.
fn lines(rows: RowStream) -> (ByteStream, Arc<AtomicU64>) {
    let count = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&count);
    // The last piece is followed by one more look at the rows.
    let pieces = futures::stream::try_unfold(rows.fuse(), move |mut rows| {
        let counted = Arc::clone(&counted);
        async move {
            let mut piece = String::new();
            while piece.len() < PIECE_BYTES
                && let Some(row) = rows.try_next().await.map_err(unreadable)?
            {
                counted.fetch_add(1, Ordering::Relaxed);
                piece.push_str(&ion::to_string(&Json::Object(row)));
                piece.push('\n');
            }
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), rows)))
        }
    });
    (pieces.boxed(), count)
}

/// The error about a row, for the store that writes the file.
fn unreadable(error: WarehouseError) -> PortError {
    if error.is_transient() {
        return PortError::unavailable("warehouse", error);
    }
    PortError::invalid(error.to_string())
}
