//! Amazon ION's text form, for data that JSON can hold: the files tasks hand to each other.
//!
//! Written is one value on one line; read is anything with the same meaning, JSON lines included:
//! timestamps, symbols and decimals become what JSON has for them, annotations are dropped.

mod read;
mod write;

pub use read::{IonError, parse_all};
pub use write::to_string;
