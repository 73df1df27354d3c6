//! Inputs and declared outputs of a flow: conversion of submitted values to typed values (docs/kestra.md 1.2, 1.6).
//!
//! What it must not know: IO. A file is already a URI. Lookups answer the questions of expressions.
//!
//! How to add one more type: a variant of `InputKind` in the model, and an arm in `convert`. If the type has bounds,
//! also add an arm in `check`.

mod check;
mod convert;
mod defaults;
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
pub(crate) use defaults::default_problem;
pub(crate) use instants::date_text;
pub(crate) use outputs::render_outputs;
pub use outputs::{OutputsError, resolve_outputs};
pub use resolve::resolve;
pub use secret::{Sealing, open_submitted, seal, secrets};

use segue_model::Json;
use segue_template::{Ambient, LazyMap, Lookups, Renderer};
use std::sync::Arc;

/// The environment in which defaults, conditions and expressions of inputs are rendered.
#[derive(Debug)]
pub struct InputScope<'a> {
    /// Renders the expressions.
    pub renderer: &'a Renderer,
    /// The variables in addition to `inputs`: `flow` and so on.
    pub variables: Arc<dyn LazyMap>,
    /// Answers `kv()`, `secret()` and similar functions.
    pub lookups: Arc<dyn Lookups>,
    /// The time and the random seed.
    pub ambient: Ambient,
}

/// An input with a rejected value.
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
    /// Values were rejected. The list has all problems, in the order of the declarations. Creating an execution reports
    /// the first problem.
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
