//! Compares an execution with the assertions of its test case.

use super::{Failure, failure, map, shown};
use crate::overlay::overlay;
use crate::world::{Simulated, Step, World};
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::suite::{Assertion, Case, Check, Operator};
use segue_model::{Json, Map};
use segue_template::{RenderError, Renderer, Scope};
use serde_json::json;

/// Compares the message of a refused execution. An assertion of another kind is an error, because nothing has run.
pub(super) fn refusal(case: &Case, message: &str, failures: &mut Vec<Failure>, errors: &mut Vec<Failure>) {
    for assertion in &case.assertions {
        for check in &assertion.checks {
            let expected = text(&check.expected);
            if check.operator != Operator::Refused {
                let refused = format!("the execution was refused, and nothing has run: {message}");
                errors.push(Failure::error(check.position, refused));
                return;
            }
            if !message.contains(&expected) {
                let what = format!("the execution was refused with another message: {message}");
                failures.push(failed(assertion, check, what, check.expected.clone(), json!(message)));
            }
        }
    }
}

/// Compares the execution of a world with the assertions of a case.
pub(super) fn check(
    case: &Case,
    world: &mut World,
    files: &Map,
    failures: &mut Vec<Failure>,
    errors: &mut Vec<Failure>,
) {
    let mut executions = world.take_executions();
    let steps = world.steps();
    // A retry of the whole flow runs as another execution. Its end is the end of the test.
    let first = executions.first().map(|each| each.state.execution().id.clone());
    let last =
        executions.iter().rposition(|each| Some(&each.state.execution().original_id) == first.as_ref());
    let Some(main) = last.and_then(|at| executions.get_mut(at)) else { return };
    let mut ended = Ended { main, steps, world, files };
    for assertion in &case.assertions {
        if let Err(error) = ended.check(assertion, failures) {
            errors.push(*error);
        }
    }
}

/// An execution that has ended.
struct Ended<'a> {
    main: &'a mut Simulated,
    steps: Vec<Step>,
    world: &'a World,
    files: &'a Map,
}

impl Ended<'_> {
    fn check(&mut self, assertion: &Assertion, failures: &mut Vec<Failure>) -> Result<(), Box<Failure>> {
        let scope = self.scope(assertion)?;
        let renderer = self.world.renderer().clone();
        for check in &assertion.checks {
            let expected = match &check.operator {
                Operator::Order | Operator::In | Operator::NotIn => list(&check.expected, &scope, &renderer),
                _ => typed(&check.expected, &scope, &renderer),
            };
            let expected = expected.map_err(|error| {
                let message = format!("'{}' cannot be rendered: {error}", check.operator.name());
                Box::new(Failure::error(check.position, message))
            })?;
            let found = match check.operator {
                Operator::State => self.state(assertion, &expected),
                Operator::Runs => self.runs(assertion, &expected),
                Operator::Order => self.order(&expected),
                Operator::Refused => {
                    let state = self.main.state.execution().state.current();
                    Some(("the execution was not refused".to_owned(), json!(state)))
                }
                _ => compare(assertion, check.operator, &expected, &scope, &renderer),
            };
            if let Some((message, actual)) = found {
                failures.push(failed(assertion, check, message, expected, actual));
            }
        }
        Ok(())
    }

    /// The variables of an assertion: those of the execution or task run, and `files`, `logs`, `taskRuns`, `properties`.
    fn scope(&mut self, assertion: &Assertion) -> Result<Scope, Box<Failure>> {
        let run = match &assertion.task_id {
            None => None,
            Some(task) => self.last_run(task),
        };
        // Assertions that count runs and states also speak of tasks that have not run.
        let needs_run = assertion.checks.iter().any(|check| check.operator.needs_value());
        if let (Some(task), None, true) = (&assertion.task_id, &run, needs_run) {
            let message = format!("task '{task}' of the assertion has not run");
            return Err(Box::new(Failure::error(assertion.position, message)));
        }
        let world = self.world;
        let Some(scope) = self.main.scope(run.as_ref(), world) else {
            return Err(Box::new(Failure::error(assertion.position, "the execution has no variables")));
        };
        let lines: Vec<&str> = self.main.logs.iter().map(|line| line.message.as_str()).collect();
        let properties = run.and_then(|run| {
            self.steps.iter().rev().find(|step| step.task_run == run).map(|step| step.properties.clone())
        });
        let over = map([
            ("files", Json::Object(self.files.clone())),
            ("logs", json!(lines.join("\n"))),
            ("taskRuns", self.task_runs()),
            ("properties", properties.unwrap_or_default()),
        ]);
        let lookups = scope.lookups.clone();
        Ok(overlay(&scope, over, lookups))
    }

    fn last_run(&self, task: &str) -> Option<TaskRunId> {
        self.main.state.task_runs().filter(|run| run.task_id == task).last().map(|run| run.id.clone())
    }

    /// The task runs, in the order of their creation.
    fn task_runs(&self) -> Json {
        let runs = self.main.state.task_runs().map(|run| {
            json!({
                "taskId": run.task_id, "value": run.value, "iteration": run.iteration,
                "state": run.current(), "attempts": run.attempts.len(), "outputs": run.outputs,
            })
        });
        runs.collect()
    }

    fn state(&self, assertion: &Assertion, expected: &Json) -> Option<(String, Json)> {
        let Some(task) = &assertion.task_id else {
            let state = json!(self.main.state.execution().state.current());
            let message =
                format!("expected the execution to end {}, but it ended {}", text(expected), text(&state));
            return (state != *expected).then_some((message, state));
        };
        let runs = self.main.state.task_runs().filter(|run| run.task_id == *task);
        let states: Vec<State> = runs.map(|run| run.current()).collect();
        if states.is_empty() {
            let message = format!("expected task '{task}' to end {}, but it has not run", text(expected));
            return Some((message, Json::Null));
        }
        let other = states.iter().map(|state| json!(state)).find(|state| state != expected)?;
        let message =
            format!("expected task '{task}' to end {}, but it ended {}", text(expected), text(&other));
        Some((message, json!(states)))
    }

    fn runs(&self, assertion: &Assertion, expected: &Json) -> Option<(String, Json)> {
        let task = assertion.task_id.as_deref().unwrap_or_default();
        let has_run = |state: State| state != State::Skipped;
        let runs = self.main.state.task_runs().filter(|run| run.task_id == task && has_run(run.current()));
        let count = json!(runs.count());
        let message = format!("expected {} runs of task '{task}', but there are {count}", text(expected));
        (!is_equal(&count, expected)).then_some((message, count))
    }

    /// The named task runs must have started in the expected order. Other task runs may be between them.
    fn order(&self, expected: &Json) -> Option<(String, Json)> {
        let own = &self.main.state.execution().id;
        let wanted: Vec<String> = expected.as_array().into_iter().flatten().map(text).collect();
        let mut started: Vec<String> = Vec::new();
        for step in self.steps.iter().filter(|step| step.execution == *own) {
            let name = [step.name(), step.task_id.clone()].into_iter().find(|name| wanted.contains(name));
            started.extend(name.filter(|name| !started.contains(name)));
        }
        if started == wanted {
            return None;
        }
        let missing: Vec<&str> =
            wanted.iter().filter(|name| !started.contains(name)).map(String::as_str).collect();
        let message = match missing.as_slice() {
            [] => format!("expected the order {}, but it was {}", wanted.join(", "), started.join(", ")),
            names => {
                format!("expected the order {}, but {} did not run", wanted.join(", "), names.join(", "))
            }
        };
        Some((message, json!(started)))
    }
}

fn failed(assertion: &Assertion, check: &Check, message: String, expected: Json, actual: Json) -> Failure {
    let message = assertion.error_message.clone().unwrap_or(message);
    failure(message, check.position, check.operator, expected, actual, assertion.description.as_ref())
}

/// A text as a typed value, and the templates in a structure as texts.
fn typed(value: &Json, scope: &Scope, renderer: &Renderer) -> Result<Json, RenderError> {
    match value {
        Json::String(text) => renderer.render_typed(text, scope),
        other => renderer.render_json(other, scope),
    }
}

/// A list, or a template of a list.
fn list(value: &Json, scope: &Scope, renderer: &Renderer) -> Result<Json, RenderError> {
    Ok(match typed(value, scope, renderer)? {
        Json::String(text) => serde_json::from_str(&text).unwrap_or_else(|_| json!([text])),
        other => other,
    })
}

/// Compares the value of an assertion. `None`: the comparison holds.
fn compare(
    assertion: &Assertion,
    operator: Operator,
    expected: &Json,
    scope: &Scope,
    renderer: &Renderer,
) -> Option<(String, Json)> {
    let written = assertion.value.clone().unwrap_or_default();
    let query = text(&written);
    let actual = match typed(&written, scope, renderer) {
        Ok(actual) => actual,
        // What is not there is null for the two operators that ask for it.
        Err(_) if matches!(operator, Operator::IsNull | Operator::IsNotNull) => Json::Null,
        Err(error) => return Some((format!("{query} cannot be rendered: {error}"), Json::Null)),
    };
    let words =
        |words: &str| format!("expected {query} {words} {}, but it is {}", shown(expected), shown(&actual));
    let (holds, message) = match operator {
        Operator::EqualTo => (is_equal(&actual, expected), words("to be")),
        Operator::NotEqualTo => {
            (!is_equal(&actual, expected), format!("expected {query} not to be {}", shown(expected)))
        }
        Operator::StartsWith => (text(&actual).starts_with(&text(expected)), words("to start with")),
        Operator::EndsWith => (text(&actual).ends_with(&text(expected)), words("to end with")),
        Operator::Contains => (contains(&actual, expected), words("to contain")),
        Operator::GreaterThan => (by_number(&actual, expected, |a, b| a > b), words("to be greater than")),
        Operator::GreaterThanOrEqualTo => {
            (by_number(&actual, expected, |a, b| a >= b), words("to be at least"))
        }
        Operator::LessThan => (by_number(&actual, expected, |a, b| a < b), words("to be less than")),
        Operator::LessThanOrEqualTo => (by_number(&actual, expected, |a, b| a <= b), words("to be at most")),
        Operator::In => (contains(expected, &actual), words("to be one of")),
        Operator::NotIn => (!contains(expected, &actual), words("to be none of")),
        Operator::IsNull | Operator::IsNotNull => {
            let wants_null = (operator == Operator::IsNull) == (*expected == json!(true));
            let wanted = if wants_null { "to be null" } else { "not to be null" };
            (
                actual.is_null() == wants_null,
                format!("expected {query} {wanted}, but it is {}", shown(&actual)),
            )
        }
        Operator::State | Operator::Runs | Operator::Order | Operator::Refused => return None,
    };
    (!holds).then_some((message, actual))
}

/// Whether two values are equal. A number and its text are equal, because most outputs are texts.
fn is_equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| is_equal(value, other)))
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::String(a), Json::Number(_) | Json::Bool(_)) => *a == text(b),
        (Json::Number(_) | Json::Bool(_), Json::String(b)) => text(a) == *b,
        (a, b) => a == b,
    }
}

/// Whether a list has an element, a map has a key, or a text has a part.
fn contains(whole: &Json, part: &Json) -> bool {
    match whole {
        Json::Array(items) => items.iter().any(|item| is_equal(item, part)),
        Json::Object(map) => map.contains_key(&text(part)),
        Json::Null => false,
        other => text(other).contains(&text(part)),
    }
}

fn by_number(a: &Json, b: &Json, holds: fn(f64, f64) -> bool) -> bool {
    let number = |value: &Json| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number(a).zip(number(b)).is_some_and(|(a, b)| holds(a, b))
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
