//! What a job may do to its destination: the user's words, and the port's.

use schemars::JsonSchema;
use segue_ports::warehouse;
use serde::Deserialize;

/// What happens to rows that are there.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WriteDisposition {
    /// The table is replaced.
    WriteTruncate,
    /// The rows are replaced, the schema stays.
    WriteTruncateData,
    /// Rows are added.
    WriteAppend,
    /// A table with rows is refused.
    WriteEmpty,
}

/// Whether the destination may be created.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreateDisposition {
    /// It is created when it is missing.
    CreateIfNeeded,
    /// It must be there.
    CreateNever,
}

impl From<WriteDisposition> for warehouse::WriteDisposition {
    fn from(disposition: WriteDisposition) -> Self {
        match disposition {
            WriteDisposition::WriteTruncate => Self::WriteTruncate,
            WriteDisposition::WriteTruncateData => Self::WriteTruncateData,
            WriteDisposition::WriteAppend => Self::WriteAppend,
            WriteDisposition::WriteEmpty => Self::WriteEmpty,
        }
    }
}

impl From<CreateDisposition> for warehouse::CreateDisposition {
    fn from(disposition: CreateDisposition) -> Self {
        match disposition {
            CreateDisposition::CreateIfNeeded => Self::CreateIfNeeded,
            CreateDisposition::CreateNever => Self::CreateNever,
        }
    }
}
