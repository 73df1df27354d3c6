//! Answers to what expressions ask of the outside world: `kv()`, `secret()`, `read()`, `http()` and their like.
//! Rendering has no side effects: an expression leaves its questions in a table, the caller fetches the answers here
//! and renders again.
//!
//! What it is: [`Answers`], which answers a question; [`PortAnswers`], which does so from a platform's ports;
//! [`until_answered`], which renders until no question is open; [`outbound`], the HTTP clients for addresses that
//! flows name; [`Limits`], what expressions and requests may use; and [`mask_line`], which masks the secrets of all attempts of this process.
//!
//! What it must not know: what is rendered and why, how an execution or a task run goes on.
//!
//! How to add one more question: its variant in `segue_template::Lookup`, and an arm in `asker.rs`.

mod answers;
mod asker;
mod http_function;
mod limits;
mod line_masks;
mod metadata;
pub mod outbound;
mod port_answers;
mod rounds;

pub use answers::Answers;
pub use asker::namespace_file;
pub use limits::Limits;
pub use line_masks::{mask_line, mask_lines_by};
pub use port_answers::PortAnswers;
pub use rounds::{answered, fetch, until_answered};
