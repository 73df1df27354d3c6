//! The files of a mail.

use futures::TryStreamExt as _;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, SinglePart};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;

/// The largest size of all files of a mail, in bytes. Mail servers take less.
const LARGEST: u64 = 32 * 1024 * 1024;

/// A file of a mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct File {
    /// The URI of the file in internal storage.
    pub uri: String,
    /// The name of the file in the mail.
    pub name: String,
    /// The media type. Default: `application/octet-stream`.
    pub content_type: Option<String>,
}

/// The files in a property: a list, or a list as JSON in a text.
pub(crate) fn files(property: &str, value: Option<&Json>) -> Result<Vec<File>, TaskError> {
    let read = match value {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::String(text)) if text.trim().is_empty() => return Ok(Vec::new()),
        Some(Json::String(text)) => serde_json::from_str(text),
        Some(list) => serde_json::from_value(list.clone()),
    };
    read.map_err(|error| {
        TaskError::failed(format!("{property}: write a list of maps with 'uri' and 'name': {error}"))
    })
}

/// Reads the files. With `inline`, the text of the mail refers to them as `cid:NAME`.
pub(crate) async fn parts(
    files: &[File],
    inline: bool,
    context: &TaskContext,
) -> Result<Vec<SinglePart>, TaskError> {
    let mut left = LARGEST;
    let mut parts = Vec::new();
    for file in files {
        let (info, stream) = context.storage().get(&file.uri).await?;
        left = left.checked_sub(info.size).ok_or_else(|| {
            TaskError::failed(format!(
                "the files of the mail are larger than {LARGEST} bytes; send links instead"
            ))
        })?;
        let bytes = stream.try_collect::<Vec<_>>().await?.concat();
        let kind = file.content_type.as_deref().unwrap_or("application/octet-stream");
        let kind = ContentType::parse(kind)
            .map_err(|error| TaskError::failed(format!("contentType: '{kind}' is wrong: {error}")))?;
        let name = file.name.clone();
        let place = if inline { Attachment::new_inline(name) } else { Attachment::new(name) };
        parts.push(place.body(bytes, kind));
    }
    Ok(parts)
}
