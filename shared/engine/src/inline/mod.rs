//! Inline task types (Log, Return, Labels, OutputValues, KV, …). They do no work outside the execution. So the executor
//! runs them in its own step, without a message.
//!
//! What it must not know: IO. A task reads outside values through lookups. It returns its changes as [`Change`]s, which
//! are a part of the step's commit.
//!
//! How to add one more: a file with its schema, a `run` function, its `TYPE` and its tests, and one line in `TABLE`.

mod debug;
mod execution;
mod kv;
mod log;
mod output_values;
mod properties;
mod schema;
mod state;
#[cfg(test)]
mod testing;

use jiff::Timestamp;
use segue_model::catalog::{RunBy, TaskType};
use segue_model::event::Metric;
use segue_model::execution::Execution;
use segue_model::label::Label;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{LookupTable, RenderError, Renderer, Scope};

/// A call of an inline task.
pub struct InlineCall<'a> {
    /// The properties of the task's type, as written.
    pub properties: &'a Map,
    /// The execution.
    pub execution: &'a Execution,
    /// The task run.
    pub task_run: &'a TaskRun,
    /// The variables of the expressions.
    pub scope: &'a Scope,
    /// Renders the expressions.
    pub renderer: &'a Renderer,
    /// The time of this step.
    pub now: Timestamp,
}

/// The parts of an inline task type.
struct InlineType {
    /// The canonical name.
    name: &'static str,
    /// Other names of the same type (docs/kestra.md 4.0).
    aliases: &'static [&'static str],
    /// The JSON Schema of the properties of this type, without the properties that every task has.
    schema: fn() -> Json,
    /// Runs the task.
    run: fn(&InlineCall<'_>) -> Result<InlineOutcome, InlineError>,
}

/// All inline task types.
const TABLE: &[InlineType] = &[
    log::TYPE,
    debug::returns::TYPE,
    debug::echo::TYPE,
    output_values::TYPE,
    kv::set::TYPE,
    kv::get::TYPE,
    kv::delete::TYPE,
    kv::get_keys::TYPE,
    execution::assert::TYPE,
    execution::exit::TYPE,
    execution::fail::TYPE,
    execution::labels::TYPE,
    execution::resume::TYPE,
    execution::set_variables::TYPE,
    execution::unset_variables::TYPE,
    state::set::TYPE,
    state::get::TYPE,
    state::delete::TYPE,
];

/// The inline task types for the catalogue.
pub fn inline_types() -> Vec<TaskType> {
    TABLE
        .iter()
        .map(|kind| TaskType {
            name: kind.name,
            aliases: kind.aliases.to_vec(),
            run_by: RunBy::Inline,
            schema: (kind.schema)(),
            outputs: None,
        })
        .collect()
}

/// Runs an inline task once (docs/kestra.md 4.1). `type_name` is the canonical name or an alias.
///
/// # Errors
/// [`InlineError::Pending`] if the call needs answers that have not been fetched. The caller fetches the answers and
/// calls again; the result is then the same as with the answers at the first call. [`InlineError::Failed`] if the task
/// failed.
pub fn run(type_name: &str, call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let kind = TABLE.iter().find(|kind| kind.name == type_name || kind.aliases.contains(&type_name));
    match kind {
        Some(kind) => (kind.run)(call),
        None => Err(InlineError::failed(format!("Invalid type: {type_name} is not an inline task type"))),
    }
}

/// The result of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InlineOutcome {
    /// The outputs.
    pub outputs: Map,
    /// Whether the task run ends WARNING instead of SUCCESS.
    pub warning: bool,
    /// Lines for the log.
    pub logs: Vec<(LogLevel, String)>,
    /// The changes to commit.
    pub changes: Vec<Change>,
    /// The metrics of the task run.
    pub metrics: Vec<Metric>,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq)]
pub enum InlineError {
    /// Answers must be fetched first. Then call again.
    Pending,
    /// The task failed.
    Failed {
        /// What happened and what to do.
        message: String,
        /// Further lines for the log.
        logs: Vec<(LogLevel, String)>,
    },
}

impl InlineError {
    /// A failure with a message and no further log lines.
    fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), logs: Vec::new() }
    }
}

impl From<RenderError> for InlineError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Pending => Self::Pending,
            error => Self::failed(error.to_string()),
        }
    }
}

/// A change that an inline task makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Sets labels of the execution. A label with the same key is replaced.
    Labels(Vec<Label>),
    /// Sets variables of the execution. Each value replaces the old value. Maps are already merged.
    SetVariables(Map),
    /// Removes variables of the execution, by top-level key.
    UnsetVariables(Vec<String>),
    /// Sets a KV value.
    SetKv {
        /// The namespace.
        namespace: String,
        /// The key.
        key: String,
        /// STRING, NUMBER, BOOLEAN, DATETIME, DATE, DURATION or JSON.
        kind: KvKind,
        /// The value.
        value: Json,
        /// A description for people. None: no description.
        description: Option<String>,
        /// The time at which the value expires. `None`: the value does not expire.
        expires: Option<Timestamp>,
    },
    /// Removes a KV value.
    DeleteKv {
        /// The namespace.
        namespace: String,
        /// The key.
        key: String,
    },
    /// The execution ends in this state (`execution.Exit`).
    Exit(State),
    /// Resumes another execution (`execution.Resume`).
    Resume {
        /// The id of the execution.
        execution_id: String,
        /// Values for `onResume`.
        inputs: Map,
    },
}

impl Change {
    /// Masks secrets in changes that are stored in clear text. The inputs of a resumed execution are not masked,
    /// because they are encrypted later.
    pub(crate) fn mask(&mut self, secrets: &LookupTable) {
        match self {
            Self::Labels(labels) => {
                for label in labels {
                    label.value = secrets.mask_text(std::mem::take(&mut label.value));
                }
            }
            Self::SetVariables(variables) => variables.values_mut().for_each(|value| secrets.mask(value)),
            Self::SetKv { value, description, .. } => {
                secrets.mask(value);
                *description = description.take().map(|text| secrets.mask_text(text));
            }
            Self::UnsetVariables(_) | Self::DeleteKv { .. } | Self::Exit(_) | Self::Resume { .. } => {}
        }
    }
}

/// The type of a KV value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvKind {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An instant.
    Datetime,
    /// A date.
    Date,
    /// A duration.
    Duration,
    /// Any other value.
    Json,
}

#[cfg(test)]
mod tests {
    use super::testing::Bench;
    use super::*;
    use segue_model::catalog::Catalog;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_stands_for_one_type() {
        let types = inline_types();
        let names: Vec<_> =
            types.iter().flat_map(|kind| std::iter::once(&kind.name).chain(&kind.aliases)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        let catalog = Catalog::new(types);
        for (alias, name) in [
            ("io.kestra.core.tasks.log.Log", "io.kestra.plugin.core.log.Log"),
            ("io.kestra.core.tasks.debugs.Echo", "io.kestra.plugin.core.debug.Echo"),
            ("io.kestra.core.tasks.executions.Labels", "io.kestra.plugin.core.execution.Labels"),
            ("io.kestra.core.tasks.states.Set", "io.kestra.plugin.core.state.Set"),
        ] {
            assert_eq!(catalog.get(alias).map(|kind| kind.name), Some(name));
        }
    }

    #[test]
    fn schemas_name_what_they_require() {
        for kind in inline_types() {
            assert_eq!(kind.run_by, RunBy::Inline);
            assert_eq!(kind.schema["additionalProperties"], json!(false), "{}", kind.name);
            for required in kind.schema["required"].as_array().unwrap() {
                let property = &kind.schema["properties"][required.as_str().unwrap()];
                assert!(property["description"].is_string(), "{} {required}", kind.name);
            }
        }
    }

    #[test]
    fn a_type_that_is_not_inline_is_refused() {
        let message = Bench::new().failure("io.kestra.plugin.core.http.Request", &json!({}));
        assert_eq!(message, "Invalid type: io.kestra.plugin.core.http.Request is not an inline task type");
    }
}
