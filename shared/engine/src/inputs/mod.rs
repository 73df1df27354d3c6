//! Inputs and declared outputs of a flow: from submitted values to typed ones (docs/kestra.md 1.2, 1.6).
//!
//! What it must not know: IO. A file is already a URI, and lookups answer what an expression asks of the
//! outside.
//!
//! How to add one more type: a variant of `InputKind` in the model, an arm in `convert`, and one in `check`
//! if it has bounds.

mod check;
mod convert;
pub(crate) mod instants;
mod nested;
mod numbers;
mod outputs;
mod resolve;
mod secret;
mod visible;
mod yaml;

pub(crate) use check::pattern_problem;
pub use convert::convert;
pub(crate) use outputs::render_outputs;
pub use outputs::{OutputsError, resolve_outputs};
pub use resolve::resolve;
pub use secret::{Sealing, open_submitted, seal, secrets};

use segue_model::Json;
use segue_template::{Ambient, LazyMap, Lookups, Renderer};
use std::sync::Arc;

/// What is needed to render defaults, conditions and expressions of inputs.
#[derive(Debug)]
pub struct InputScope<'a> {
    /// Renders them.
    pub renderer: &'a Renderer,
    /// The variables in addition to `inputs`: `flow` and so on.
    pub variables: Arc<dyn LazyMap>,
    /// Answers `kv()`, `secret()` and similar functions.
    pub lookups: Arc<dyn Lookups>,
    /// The time and the random seed.
    pub ambient: Ambient,
}

/// An input with a refused value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// The id of the input.
    pub input: String,
    /// Kestra's text: ``Invalid input for `id`, <why>, but received `value` ``.
    pub message: String,
}

/// Why submitted values cannot be used as inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Answers must be fetched first. Then resolve again.
    #[error(
        "an expression of an input needs an answer that has not been fetched yet: fetch it and resolve again"
    )]
    Pending,
    /// Values were refused. Has all problems, in the order of the declarations. Creating an execution reports
    /// the first.
    #[error("{}", first(.0))]
    Refused(Vec<InputProblem>),
}

fn first(problems: &[InputProblem]) -> &str {
    problems.first().map_or("Invalid input", |problem| &problem.message)
}

/// A received value as it is shown in messages.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
