//! Returns or stores the rows of a job: no rows, outputs, or a file.

use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::warehouse::{QueryResult, TableReference};
use segue_task::{TaskContext, TaskError, ion};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Default, Serialize)]
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
    /// The table that the rows of a SELECT were written to.
    pub destination_table: Option<TableReference>,
}

/// Returns or stores the rows as the task asks.
///
/// # Errors
/// [`TaskError`] when the file cannot be written.
pub(crate) async fn hand_over(
    result: QueryResult,
    fetch: FetchType,
    context: &TaskContext,
) -> Result<Output, TaskError> {
    let mut output =
        Output { job_id: result.job_id, destination_table: result.destination_table, ..Output::default() };
    match fetch {
        FetchType::None => {}
        FetchType::Fetch => {
            output.size = Some(result.rows.len() as u64);
            output.rows = Some(result.rows);
        }
        FetchType::FetchOne => {
            let row = result.rows.into_iter().next();
            output.size = Some(u64::from(row.is_some()));
            output.row = Some(row.unwrap_or_default());
        }
        FetchType::Store => {
            output.size = Some(result.rows.len() as u64);
            let mut lines = String::new();
            for row in result.rows {
                lines.push_str(&ion::to_string(&Json::Object(row)));
                lines.push('\n');
            }
            let path = context.storage_path(&format!("{}.ion", output.job_id));
            output.uri = Some(context.storage().put_text(&path, lines).await?);
        }
    }
    Ok(output)
}
