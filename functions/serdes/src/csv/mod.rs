//! CSV: lines of fields.

mod read;
mod write;

pub use read::{CsvToIon, OnBadLines, OnEmptyHeader};
pub use write::{IonToCsv, QuoteMode};

use segue_task::TaskError;

/// A property that is one ASCII character. None for an empty text.
fn character(name: &str, text: &str) -> Result<Option<u8>, TaskError> {
    match text.as_bytes() {
        [] => Ok(None),
        [one] if one.is_ascii() => Ok(Some(*one)),
        _ => Err(TaskError::failed(format!(
            "{name} is '{text}'; write one ASCII character, like \",\" or \"\\t\""
        ))),
    }
}
