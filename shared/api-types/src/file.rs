//! Files of executions.

use schemars::JsonSchema;
use segue_model::Json;
use serde::{Deserialize, Serialize};

/// The size of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileMetas {
    /// The size in bytes.
    pub size: u64,
}

/// How the beginning of a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PreviewKind {
    /// Rows.
    List,
    /// Lines of text.
    Text,
    /// Lines of Markdown.
    Markdown,
    /// A picture in base64.
    Image,
    /// A PDF document in base64.
    Pdf,
}

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilePreview {
    /// The ending of the file's name in lower case; empty if there is none.
    pub extension: String,
    /// How the content is shown.
    #[serde(rename = "type")]
    pub kind: PreviewKind,
    /// A list for rows, otherwise a text. Null if a picture or a document is too large.
    pub content: Json,
    /// At most so many lines were read. Absent for pictures and documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_line: Option<u64>,
    /// Whether the file goes on.
    pub truncated: bool,
}
