//! What a job may do to its destination: the properties of tasks, and their conversion to the port's types.

use schemars::JsonSchema;
use segue_ports::warehouse;
use serde::Deserialize;

/// What happens to existing rows.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WriteDisposition {
    /// The table is replaced.
    WriteTruncate,
    /// The rows are replaced, and the schema stays.
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
    /// The table is created if it does not exist.
    CreateIfNeeded,
    /// The table must exist.
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
