//! Writes lists of rows and texts to files, one for each name.

use crate::call::Call;
use segue_model::{Json, Map};
use segue_task::{TaskError, ion};
use serde_json::json;

/// Writes the files that a connector's `files` renders to. Returns the names with their URIs. Every delivery of a message
/// writes the same names.
///
/// # Errors
/// [`TaskError::Failed`] if the value is not a map of lists and texts. An error of internal storage.
pub(crate) async fn write(call: &Call<'_>, template: &str) -> Result<Json, TaskError> {
    let files = match call.typed(&json!(template)).await? {
        Json::Object(files) => files,
        Json::Null => Map::new(),
        other => {
            return Err(TaskError::failed(format!("the files of the connector are {other}, and no map")));
        }
    };
    let mut written = Map::new();
    for (number, (name, rows)) in files.into_iter().enumerate() {
        let (text, file) = match rows {
            Json::String(text) => (text, format!("text-{number}.txt")),
            Json::Array(rows) => {
                (rows.iter().map(|row| ion::to_string(row) + "\n").collect(), format!("rows-{number}.ion"))
            }
            other => {
                return Err(TaskError::failed(format!(
                    "the file '{name}' of the connector is {other}, and neither a list nor a text"
                )));
            }
        };
        let path = call.context.storage_path(&file);
        let uri = call.context.storage().put_text(&path, text).await?;
        written.insert(name, uri.into());
    }
    Ok(Json::Object(written))
}
