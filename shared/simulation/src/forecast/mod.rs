//! What a run of a flow would do, without doing it (`segue plan`).
//!
//! What it is: `knowledge` finds what only the run knows. `prepare` takes it out of the flow, and the engine runs the rest
//! in a simulated world. So order, loops, branches and scopes are those of a real execution. `partial` shows properties as
//! far as they are known, `tree` puts task runs and skipped tasks together, `touches` lists what is read and written, and
//! `cost` counts what the run takes on Google Cloud.
//!
//! What it must not know: IO. Answers of the KV store and of files are arguments.

mod cost;
mod knowledge;
mod partial;
mod prepare;
mod simulate;
#[cfg(test)]
mod tests;
mod touches;
mod tree;

pub use cost::Cost;
pub use partial::has_unknown;
pub use touches::{Access, Touch};

use crate::store::Outside;
use jiff::Timestamp;
use segue_model::catalog::Catalog;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::label::Label;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_template::{Lookup, Renderer};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The flow to look at, and the world around it.
pub struct Question<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// The other flows that are known, for subflows.
    pub others: &'a [Flow],
    /// All task types.
    pub catalog: &'a Catalog,
    /// Renders expressions.
    pub renderer: &'a Renderer,
    /// The root variables of the server.
    pub globals: &'a Map,
    /// The submitted inputs.
    pub inputs: Map,
    /// Inputs with a value that only the run knows.
    pub unknown_inputs: BTreeSet<String>,
    /// The labels that are given to the execution in addition to those of the flow.
    pub labels: Vec<Label>,
    /// What would start the execution. `None`: a direct request. `trigger.*` is unknown then.
    pub trigger: Option<ExecutionTrigger>,
    /// The current time.
    pub now: Timestamp,
    /// Answers questions about the KV store and files.
    pub outside: Arc<dyn Outside>,
}

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// `namespace.flow`.
    pub flow: String,
    /// The values of the inputs, as far as they are known.
    pub inputs: Map,
    /// The state in which the execution ends, if no task fails that runs in a service.
    pub state: State,
    /// The declared outputs, as far as they are known.
    pub outputs: Map,
    /// The tasks in their order, as a tree.
    pub tasks: Vec<Planned>,
    /// What is read and written.
    pub touches: Vec<Touch>,
    /// What must be added or corrected before the run can succeed.
    pub problems: Vec<Problem>,
    /// What the run takes on Google Cloud, at its prices.
    pub cost: Cost,
}

/// A task of the forecast.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// The id of the task.
    pub task_id: String,
    /// The type of the task.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The value of the loop. `None` outside a loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The number of the iteration, from 0. `None` outside a loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// Whether the task runs.
    pub certainty: Certainty,
    /// The service that runs the task. `None`: the engine itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The properties, rendered as far as they are known.
    pub properties: Json,
    /// More about the task, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The tasks inside of the task.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Planned>,
    /// The execution that the task starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subflow: Option<Box<Forecast>>,
}

/// Whether a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Certainty {
    /// The task runs, as long as no task before it fails.
    Certain,
    /// Only the run knows.
    Maybe,
    /// The task does not run.
    Skipped,
    /// The task runs only after a failure.
    OnFailure,
}

/// Something that must be added or corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The kind of the problem.
    pub kind: ProblemKind,
    /// The task. `None`: the flow or its inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The kind of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemKind {
    /// An input is refused.
    InvalidInput,
    /// The execution is refused, by a check or because the flow is disabled.
    Refused,
    /// A key of the KV store is missing.
    MissingKey,
    /// A secret is missing.
    MissingSecret,
    /// A file is missing.
    MissingFile,
    /// A flow is missing.
    MissingFlow,
    /// An expression fails.
    Expression,
    /// A task fails.
    Failure,
}

/// Why there is no forecast.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForecastError {
    /// Answers are missing. The caller fetches them and asks again. Each question has the namespace of its flow.
    #[error("{} answers have not been fetched yet", .0.len())]
    Questions(Vec<(String, Lookup)>),
    /// The flow never ends.
    #[error("the flow does not end: a loop runs without an end")]
    Endless,
}

/// The deepest nesting of subflows that is looked at.
const DEEPEST: usize = 8;

/// What a run would do.
///
/// # Errors
/// [`ForecastError`].
pub fn forecast(question: &Question<'_>) -> Result<Forecast, ForecastError> {
    simulate::forecast(question, DEEPEST)
}
