//! Runs test suites of flows (docs/testing.md). The fixtures stand for tasks, stores and time; the assertions are
//! evaluated in the execution after its end.
//!
//! What it is: `stage` prepares the flow and plays the services from the fixtures. `assertions` compares. A runnable
//! task without a fixture is refused by name, so a test never has an effect.
//!
//! How to add one more operator: an arm in `assertions`.

mod assertions;
mod outside;
mod stage;
#[cfg(test)]
mod tests;

pub use outside::Files;

use crate::create::New;
use crate::world::{Settings, World, WorldError};
use segue_model::catalog::Catalog;
use segue_model::diagnostic::Position;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::suite::{Case, Fixtures, Operator};
use segue_model::{Json, Map, suggest};
use segue_template::Renderer;
use serde::Serialize;
use stage::Stage;
use std::sync::Arc;

/// The flow of a suite, and everything that its test cases need.
pub struct Subject<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// The other flows that are known, for subflows.
    pub others: &'a [Flow],
    /// All task types.
    pub catalog: &'a Catalog,
    /// Renders expressions.
    pub renderer: &'a Renderer,
}

/// The result of a test case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Every assertion holds.
    Success,
    /// Assertions do not hold.
    Failed {
        /// The assertions that do not hold.
        failures: Vec<Failure>,
    },
    /// The case could not be evaluated.
    Error {
        /// The reasons.
        errors: Vec<Failure>,
    },
    /// The case is disabled.
    Skipped,
}

/// An assertion that does not hold, or a reason why a case could not be evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where the assertion or fixture is.
    pub position: Position,
    /// The comparison. `None` for an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<&'static str>,
    /// The expected value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Json>,
    /// The actual value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Json>,
    /// The description of the assertion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Failure {
    fn error(position: Position, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position,
            operator: None,
            expected: None,
            actual: None,
            description: None,
        }
    }
}

/// Runs a test case. `files` has the contents of the files that the case names.
pub fn run_case(subject: &Subject<'_>, case: &Case, files: &Files) -> Verdict {
    if case.disabled {
        return Verdict::Skipped;
    }
    let unknown = unknown_tasks(subject, &case.fixtures);
    if !unknown.is_empty() {
        return Verdict::Error { errors: unknown };
    }
    let mut stage = match Stage::new(subject, case, files) {
        Ok(stage) => stage,
        Err(errors) => return Verdict::Error { errors },
    };
    let fixtures = &case.fixtures;
    let mut world = World::new(Settings {
        renderer: subject.renderer.clone(),
        globals: fixtures.variables.clone(),
        now: fixtures.now.unwrap_or(Fixtures::EPOCH),
        outside: stage.outside(),
        record: Arc::new(stage::Rendered { renderer: subject.renderer.clone() }),
    });
    let new = New {
        id: ExecutionId::derive(&["test", &subject.flow.namespace, &subject.flow.id, &case.id]),
        inputs: stage.inputs().clone(),
        labels: Vec::new(),
        trigger: fixtures.trigger.as_ref().map(|trigger| ExecutionTrigger {
            id: trigger.id.clone(),
            type_name: trigger.type_name.clone(),
            variables: trigger.variables.clone(),
            slot: None,
            backfill: None,
            parent: None,
        }),
        schedule_date: None,
    };
    let plan = stage.plan().clone();
    let refusal = match world.run(&plan, new, &mut stage) {
        Ok(()) => None,
        Err(WorldError::Refused(refused)) => Some(refused.to_string()),
        Err(error) => {
            return Verdict::Error { errors: vec![Failure::error(case.position, error.to_string())] };
        }
    };
    let errors = stage.take_errors();
    if !errors.is_empty() {
        return Verdict::Error { errors };
    }
    let mut failures = Vec::new();
    let mut errors = Vec::new();
    match refusal {
        Some(message) => assertions::refusal(case, &message, &mut failures, &mut errors),
        None => assertions::check(case, &mut world, stage.files_variable(), &mut failures, &mut errors),
    }
    if !errors.is_empty() {
        Verdict::Error { errors }
    } else if failures.is_empty() {
        Verdict::Success
    } else {
        Verdict::Failed { failures }
    }
}

/// The fixtures and assertions for tasks that no flow has.
fn unknown_tasks(subject: &Subject<'_>, fixtures: &Fixtures) -> Vec<Failure> {
    let mut ids = Vec::new();
    for flow in std::iter::once(subject.flow).chain(subject.others) {
        segue_model::walk_tasks(flow, &mut |_, task| {
            ids.push(task.id.clone());
            ids.extend(["split", "items", "merge"].map(|part| format!("{}_{part}", task.id)));
        });
    }
    let own = format!("{}.{}", subject.flow.namespace, subject.flow.id);
    let unknown = |id: &str| !ids.iter().any(|known| known == id);
    fixtures
        .tasks
        .iter()
        .filter(|fixture| unknown(&fixture.id))
        .map(|fixture| {
            let near = suggest(&fixture.id, ids.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
            Failure::error(
                fixture.position,
                format!(
                    "there is a fixture for task '{}', but flow {own} has no such task{hint}",
                    fixture.id
                ),
            )
        })
        .collect()
}

/// An expected or actual value in a message.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

fn failure(
    message: String,
    position: Position,
    operator: Operator,
    expected: Json,
    actual: Json,
    description: Option<&String>,
) -> Failure {
    Failure {
        message,
        position,
        operator: Some(operator.name()),
        expected: Some(expected),
        actual: Some(actual),
        description: description.cloned(),
    }
}

fn map<const N: usize>(entries: [(&str, Json); N]) -> Map {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
