//! Prepares the flow of a test case, and plays the services from its fixtures.

use super::outside::{Files, FixedAnswers};
use super::{Failure, Subject, map};
use crate::overlay::overlay;
use crate::properties::own_properties;
use crate::store::{Asker, Outside, Store, namespace_file};
use crate::tree::children;
use crate::world::{Attempt, Outcome, Record, Services};
use segue_engine::{Plan, SubflowRequest};
use segue_model::execution::Execution;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::suite::{Case, TaskFixture};
use segue_model::task::{Task, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Ambient, Renderer, Scope};
use std::collections::HashSet;
use std::sync::Arc;

/// The start of the names of types that the engine itself sends to services. They only prepare files.
const INTERNAL: &str = "io.segue.";

/// Renders the properties of an attempt for assertions.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) renderer: Renderer,
}

impl Record for Rendered {
    fn properties(&self, _: &ExecutionId, task: &Task, _: &TaskRun, scope: &Scope) -> Json {
        let entries = own_properties(task).into_iter().map(|(name, value)| {
            // A property that cannot be rendered is shown as written. The task itself says what is wrong.
            let rendered = self.renderer.render_json(&value, scope).unwrap_or(value);
            (name, rendered)
        });
        Json::Object(entries.collect())
    }
}

/// The prepared flow and its fixtures.
pub(super) struct Stage<'a> {
    subject: &'a Subject<'a>,
    case: &'a Case,
    stand_ins: HashSet<String>,
    plan: Arc<Plan>,
    outside: Arc<FixedAnswers>,
    /// The variable `files`.
    files: Map,
    inputs: Map,
    errors: Vec<Failure>,
}

impl<'a> Stage<'a> {
    /// Prepares the flow of a case.
    ///
    /// # Errors
    /// A fixture cannot be rendered.
    pub(super) fn new(subject: &'a Subject<'a>, case: &'a Case, files: &Files) -> Result<Self, Vec<Failure>> {
        let stand_ins: HashSet<String> =
            case.fixtures.tasks.iter().map(|fixture| fixture.id.clone()).collect();
        let namespace = &subject.flow.namespace;
        let mut stage = Self {
            plan: prepared(subject, subject.flow, &stand_ins),
            outside: Arc::new(FixedAnswers::new(namespace, &case.fixtures, files)),
            files: files.keys().map(|name| (name.clone(), namespace_file(namespace, name).into())).collect(),
            inputs: Map::new(),
            errors: Vec::new(),
            subject,
            case,
            stand_ins,
        };
        let scope = stage.scope();
        match subject.renderer.render_json(&Json::Object(case.fixtures.inputs.clone()), &scope) {
            Ok(Json::Object(inputs)) => stage.inputs = inputs,
            Ok(_) => {}
            Err(error) => {
                let message = format!("the inputs of the fixtures cannot be rendered: {error}");
                return Err(vec![Failure::error(case.position, message)]);
            }
        }
        Ok(stage)
    }

    /// The variables of the inputs: `files` and `flow`.
    fn scope(&self) -> Scope {
        let flow = &self.subject.flow;
        let variables = map([
            ("files", Json::Object(self.files.clone())),
            ("flow", serde_json::json!({"id": flow.id, "namespace": flow.namespace})),
        ]);
        let asker = Asker {
            store: Arc::new(Store::new(self.outside())),
            namespace: flow.namespace.clone(),
            execution: ExecutionId::from("test"),
        };
        let now = self.case.fixtures.now.unwrap_or(segue_model::suite::Fixtures::EPOCH);
        let ambient = Ambient { now, seed: 0, time_zone: jiff::tz::TimeZone::UTC };
        Scope::from_json(Json::Object(variables), Arc::new(asker), ambient)
    }

    pub(super) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub(super) fn outside(&self) -> Arc<dyn Outside> {
        self.outside.clone()
    }

    pub(super) fn inputs(&self) -> &Map {
        &self.inputs
    }

    pub(super) fn files_variable(&self) -> &Map {
        &self.files
    }

    pub(super) fn take_errors(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.errors)
    }

    fn add_error(&mut self, error: Failure) {
        // Each iteration of a loop has the same error.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// The fixture for an attempt: of those for the task, the most specific one.
    fn fixture(&self, task_id: &str, value: Option<&str>, attempt: u32) -> Option<&'a TaskFixture> {
        self.case
            .fixtures
            .tasks
            .iter()
            .filter(|fixture| {
                fixture.id == task_id
                    && fixture.value.as_deref().is_none_or(|wanted| Some(wanted) == value)
                    && fixture.attempt.is_none_or(|number| number == attempt + 1)
            })
            .max_by_key(|fixture| (fixture.value.is_some(), fixture.attempt.is_some()))
    }

    fn missing(&self, attempt: &Attempt<'_>) -> Failure {
        let (dispatch, run) = (attempt.dispatch, attempt.task_run);
        let task = &dispatch.task_id;
        let of_task = self.case.fixtures.tasks.iter().any(|fixture| fixture.id == *task);
        let message = if of_task {
            let value =
                run.value.as_ref().map(|value| format!(" with the value '{value}'")).unwrap_or_default();
            format!(
                "the fixtures of task '{task}' do not cover attempt {}{value}: add a fixture without 'value' and \
                 'attempt'",
                dispatch.attempt + 1
            )
        } else {
            format!(
                "task '{task}' ({}) would have an effect, and has no fixture: add '- id: {task}' with its outputs to \
                 'tasks' of the fixtures",
                dispatch.task_type
            )
        };
        Failure::error(self.case.position, message)
    }
}

impl Services for Stage<'_> {
    fn run(&mut self, attempt: &Attempt<'_>) -> Outcome {
        let (dispatch, run) = (attempt.dispatch, attempt.task_run);
        let Some(fixture) = self.fixture(&dispatch.task_id, run.value.as_deref(), dispatch.attempt) else {
            if dispatch.task_type.starts_with(INTERNAL) {
                return Outcome::success(Map::new());
            }
            let error = self.missing(attempt);
            let outcome = Outcome::failure(error.message.clone());
            self.add_error(error);
            return outcome;
        };
        let scope = overlay(
            attempt.scope,
            map([("files", Json::Object(self.files.clone()))]),
            attempt.scope.lookups.clone(),
        );
        let outputs = self.subject.renderer.render_json(&Json::Object(fixture.outputs.clone()), &scope);
        match outputs {
            Ok(Json::Object(outputs)) => {
                Outcome { state: fixture.state, outputs, error: fixture.error.clone() }
            }
            Ok(_) => Outcome::success(Map::new()),
            Err(error) => {
                let message = format!(
                    "the outputs of the fixture for task '{}' cannot be rendered: {error}",
                    fixture.id
                );
                self.add_error(Failure::error(fixture.position, message.clone()));
                Outcome::failure(message)
            }
        }
    }

    fn flow(&mut self, _: &Execution, request: &SubflowRequest) -> Result<Arc<Plan>, String> {
        let is_wanted = |flow: &&Flow| flow.namespace == request.namespace && flow.id == request.flow_id;
        let known = std::iter::once(self.subject.flow).chain(self.subject.others).find(is_wanted);
        match known {
            Some(flow) => Ok(prepared(self.subject, flow, &self.stand_ins)),
            None => {
                let (task, name) = (&request.task.0, format!("{}.{}", request.namespace, request.flow_id));
                let message = format!(
                    "task '{task}' calls {name}, which is in none of the files: add '- id: {task}' with its outputs to \
                     'tasks' of the fixtures, or name the file of the flow too"
                );
                self.add_error(Failure::error(self.case.position, message.clone()));
                Err(message)
            }
        }
    }

    fn resume(&mut self, _: &Execution, _: &TaskRun) -> Option<Map> {
        None
    }
}

/// The flow with its fixtures in the places of tasks.
fn prepared(subject: &Subject<'_>, flow: &Flow, stand_ins: &HashSet<String>) -> Arc<Plan> {
    let mut flow = flow.clone();
    for list in [&mut flow.tasks, &mut flow.errors, &mut flow.finally, &mut flow.after_execution] {
        list.iter_mut().for_each(|task| replace(task, stand_ins));
    }
    Arc::new(Plan::with_stand_ins(Arc::new(flow), subject.catalog, stand_ins))
}

fn replace(task: &mut Task, stand_ins: &HashSet<String>) {
    if stand_ins.contains(&task.id) {
        task.kind = TaskKind::Plugin { properties: own_properties(task) };
        return;
    }
    for child in children(task) {
        replace(child, stand_ins);
    }
}
