//! Answers for functions of expressions that read outside data: `kv()`, `secret()`, `read()`, `http()` and others.
//!
//! Rendering has no side effects. An expression leaves its questions in a table. The caller fetches the answers with
//! this crate and renders the expression again.
//!
//! What it is:
//!
//! - [`Answers`] is the interface that answers one question. [`PortAnswers`] answers from a platform's ports.
//! - [`until_answered`] renders until no question is open.
//! - [`outbound`] has the HTTP clients for addresses in flows.
//! - [`Limits`] has the limits of expressions and requests.
//! - [`mask_line`] masks the secrets of all attempts of this process.
//!
//! What it must not know: what is rendered and why, and how an execution or a task run continues.
//!
//! How to add one more question: add its variant to `segue_template::Lookup`, and an arm to `asker.rs`.

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
