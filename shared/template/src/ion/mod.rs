//! Amazon ION's text form for data that JSON can contain. Tasks pass files in this format to each other.
//!
//! The writer writes one value on one line. The reader accepts all ION texts, also JSON lines. It changes timestamps,
//! symbols and decimals to JSON values, and drops annotations.

mod read;
mod write;

pub use read::{IonError, parse_all};
pub use write::to_string;
