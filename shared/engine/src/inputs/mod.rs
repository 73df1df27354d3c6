//! Inputs and declared outputs of a flow: from submitted values to typed ones (docs/kestra.md 1.2, 1.6).
//!
//! What it must not know: IO. A file is a URI by the time it gets here; what an expression asks of the outside
//! is answered by lookups.
//!
//! How to add one more type: a variant of `InputKind` in the model, an arm in `convert`, and one in `check`
//! where it has bounds.

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

/// What defaults, conditions and expressions of inputs are rendered with.
#[derive(Debug)]
pub struct InputScope<'a> {
    /// Renders them.
    pub renderer: &'a Renderer,
    /// What they see besides `inputs`: `flow` and so on.
    pub variables: Arc<dyn LazyMap>,
    /// Answers `kv()`, `secret()` and their like.
    pub lookups: Arc<dyn Lookups>,
    /// Time and chance.
    pub ambient: Ambient,
}

/// An input whose value was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// The id of the input.
    pub input: String,
    /// Kestra's text: ``Invalid input for `id`, <why>, but received `value` ``.
    pub message: String,
}

/// Why submitted values did not become inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Answers have to be fetched first; resolve again with them.
    #[error(
        "an expression of an input needs an answer that has not been fetched yet: fetch it and resolve again"
    )]
    Pending,
    /// Values were refused: all problems, in the order in which the inputs are declared. Creating an execution
    /// reports the first.
    #[error("{}", first(.0))]
    Refused(Vec<InputProblem>),
}

fn first(problems: &[InputProblem]) -> &str {
    problems.first().map_or("Invalid input", |problem| &problem.message)
}

/// A received value as messages show it.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
