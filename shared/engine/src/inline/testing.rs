//! Runs an inline task in tests, with a table of answers.

use super::{InlineCall, InlineError, InlineOutcome, run};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::state::{State, StateHistory};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Ambient, Answer, Lookup, LookupTable, Renderer, Scope};
use std::sync::Arc;

pub(super) struct Bench {
    pub(super) execution: Execution,
    pub(super) task_run: TaskRun,
    pub(super) table: LookupTable,
    context: Json,
    renderer: Renderer,
}

/// The time of every call.
pub(super) fn now() -> Timestamp {
    "2024-05-01T10:00:00Z".parse().unwrap()
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Json::Object(Map::new()))
    }

    pub(super) fn with(context: Json) -> Self {
        let state = StateHistory::new(State::Running, now());
        Self {
            execution: Execution {
                state: state.clone(),
                ..Execution::created(ExecutionId::from("exec"), "company.team", "My_Flow", 1, now())
            },
            task_run: TaskRun { state, ..TaskRun::created(TaskRunId::from("run"), "task", now()) },
            table: LookupTable::new(),
            context,
            renderer: Renderer::new(),
        }
    }

    /// Answers a KV question.
    pub(super) fn kv(self, namespace: Option<&str>, key: &str, answer: Answer) -> Self {
        self.table
            .insert(Lookup::Kv { namespace: namespace.map(str::to_owned), key: key.to_owned() }, answer);
        self
    }

    pub(super) fn call<T>(&self, properties: &Json, with: impl FnOnce(&InlineCall<'_>) -> T) -> T {
        let ambient = Ambient { now: now(), seed: 1, time_zone: TimeZone::UTC };
        let scope = Scope::from_json(self.context.clone(), Arc::new(self.table.clone()), ambient);
        with(&InlineCall {
            properties: properties.as_object().unwrap(),
            execution: &self.execution,
            task_run: &self.task_run,
            scope: &scope,
            renderer: &self.renderer,
            now: now(),
        })
    }

    pub(super) fn run(&self, type_name: &str, properties: &Json) -> Result<InlineOutcome, InlineError> {
        self.call(properties, |call| run(type_name, call))
    }

    pub(super) fn outputs(&self, type_name: &str, properties: &Json) -> Json {
        Json::Object(self.run(type_name, properties).unwrap().outputs)
    }

    /// The message of a call that fails.
    pub(super) fn failure(&self, type_name: &str, properties: &Json) -> String {
        match self.run(type_name, properties) {
            Err(InlineError::Failed { message, .. }) => message,
            other => panic!("{type_name} {properties}: {other:?}"),
        }
    }

    /// The questions of a call that waits for answers.
    pub(super) fn asked(&self, type_name: &str, properties: &Json) -> Vec<Lookup> {
        assert_eq!(self.run(type_name, properties), Err(InlineError::Pending));
        self.table.take_pending()
    }
}
