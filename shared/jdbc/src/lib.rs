//! What the tasks of all databases share (docs/kestra.md 4.5, 4.9).
//!
//! What it is: the statements of a text of SQL and the values of `:name` in them ([`mod@statements`], [`lexer`]), whether
//! they change data ([`changes`]), what happens to rows ([`fetch`], [`collect`]), and forms of values that are the same
//! for every database ([`values`]).
//!
//! What it must not know: a database, its connections and its types.
//!
//! How to add one more: code moves here when a second function needs it.

pub mod changes;
pub mod collect;
pub mod fetch;
pub mod lexer;
pub mod statements;
pub mod values;

pub use changes::changes_data;
pub use collect::Collector;
pub use fetch::{Fetch, FetchType, Fetched};
pub use statements::{Statement, statements};
