//! Task types that show values.
//!
//! How to add one more: a file here, and a line in the table of inline types.

pub(super) mod echo;
pub(super) mod returns;
