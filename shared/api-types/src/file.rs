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

/// The form of a file preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PreviewKind {
    /// Rows of a CSV, TSV, Parquet, Ion or JSON Lines file.
    List,
    /// Lines of text.
    Text,
    /// Lines of Markdown.
    Markdown,
    /// A picture in base64.
    Image,
    /// A PDF document in base64.
    Pdf,
    /// Bytes that are no text, as lines of hexadecimal numbers.
    Binary,
}

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilePreview {
    /// The extension of the file name in lower case, without a dot. Empty if there is none.
    pub extension: String,
    /// The form of the content.
    #[serde(rename = "type")]
    pub kind: PreviewKind,
    /// A list for rows, or a text for all other forms. Null if a picture or a PDF document is too large.
    pub content: Json,
    /// The largest number of lines in the preview. Absent for pictures and PDF documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_line: Option<u64>,
    /// The names of the columns of a CSV, TSV or Parquet file, in the order of the file. Absent for other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The types of the columns of a Parquet file. Absent for other files, which have texts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// The rows of a CSV, TSV or Parquet file, each with its cells in the order of the file. A cell without a value is
    /// null. Absent for other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Vec<Option<String>>>>,
    /// The number of rows of a Parquet file. Absent for other files, which would have to be read to their end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_rows: Option<u64>,
    /// Whether the file is longer than the preview.
    pub truncated: bool,
}
