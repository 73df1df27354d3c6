//! The task types that Segue knows. The crate `catalog` makes the list. Validation and the engine only read the list.

mod properties;
mod runner;

use crate::Json;
pub use properties::{TypeProperties, aliases, reference};
pub use runner::{RUNNER_TEXTS, RunnerServices, TaskRunner};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The property of a script that gets the variables of its execution as a file. Its service gets the outputs of all
/// tasks, not only those that the templates of the task name.
pub const EXECUTION_CONTEXT: &str = "executionContext";

/// Who runs a task type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunBy {
    /// The engine, by running children or waiting.
    Flowable,
    /// The executor, inside its own step.
    Inline,
    /// A service, woken by a message.
    Service(Service),
}

/// The service that runs a task type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Always the service with this name.
    Named(&'static str),
    /// One of two services. The runner that the task asks for decides which one.
    ByRunner(RunnerServices),
}

/// A task type.
#[derive(Clone, Debug)]
pub struct TaskType {
    /// The canonical name, `io.kestra.plugin.core.log.Log`.
    pub name: &'static str,
    /// Other names that mean the same (docs/kestra.md 4.0).
    pub aliases: Vec<&'static str>,
    /// Who runs tasks of this type.
    pub run_by: RunBy,
    /// JSON Schema of the properties of this type, without the properties that every task has.
    pub schema: Json,
    /// JSON Schema of the outputs. For a trigger: of the variables in `trigger`. None if there are no outputs.
    pub outputs: Option<Json>,
}

/// The task types of one service, as `functions/NAME/task-types.json` lists them. The names borrow from the text of the
/// file, and the text is a part of the program.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTypes {
    /// The name of the service.
    pub service: &'static str,
    /// The task types, in the order of the service's list.
    pub types: Vec<ServiceType>,
    /// The types of polling triggers, in the order of the service's list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<ServiceType>,
    /// The types of realtime triggers, in the order of the service's list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub realtime_triggers: Vec<ServiceType>,
}

/// The types of one service, in the form the catalogue needs.
#[derive(Debug, Default)]
pub struct ServiceParts {
    /// The task types.
    pub types: Vec<TaskType>,
    /// The types of polling triggers.
    pub triggers: Vec<TaskType>,
    /// The types of realtime triggers.
    pub realtime_triggers: Vec<TaskType>,
}

/// One task type of a service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceType {
    /// The canonical name.
    pub name: &'static str,
    /// Other names that mean the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<&'static str>,
    /// The two services that share the type. None if this service runs every task of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_runner: Option<RunnerServices>,
    /// JSON Schema of the properties of this type, without the properties that every task has.
    pub schema: Json,
    /// JSON Schema of the outputs. For a trigger: of the variables in `trigger`. None if there are no outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
}

impl ServiceTypes {
    /// The types in the form the catalogue needs.
    pub fn into_parts(self) -> ServiceParts {
        let named = Service::Named(self.service);
        let of = |kind: ServiceType| TaskType {
            name: kind.name,
            aliases: kind.aliases,
            run_by: RunBy::Service(kind.by_runner.map_or(named, Service::ByRunner)),
            schema: kind.schema,
            outputs: kind.outputs,
        };
        ServiceParts {
            types: self.types.into_iter().map(of).collect(),
            triggers: self.triggers.into_iter().map(of).collect(),
            realtime_triggers: self.realtime_triggers.into_iter().map(of).collect(),
        }
    }
}

/// All task types, by all their names, and the types of triggers that a service serves.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    types: Vec<TaskType>,
    names: BTreeMap<&'static str, usize>,
    triggers: Vec<TaskType>,
    /// The canonical names of the realtime triggers among `triggers`.
    realtime: BTreeSet<&'static str>,
}

impl Catalog {
    /// A catalogue of these types. If two types have the same name, the first one is kept: services that share a task
    /// type list the type once each.
    pub fn new(mut types: Vec<TaskType>) -> Self {
        let mut seen = BTreeSet::new();
        types.retain(|kind| seen.insert(kind.name));
        let mut names = BTreeMap::new();
        for (index, kind) in types.iter().enumerate() {
            for name in std::iter::once(&kind.name).chain(&kind.aliases) {
                names.entry(*name).or_insert(index);
            }
        }
        Self { types, names, triggers: Vec::new(), realtime: BTreeSet::new() }
    }

    /// Adds types of polling triggers: triggers that ask a service at an interval whether there is something new.
    #[must_use]
    pub fn with_triggers(mut self, triggers: Vec<TaskType>) -> Self {
        self.triggers.extend(triggers);
        self
    }

    /// Adds types of realtime triggers: triggers that a service connects to a source, which sends each message at once.
    #[must_use]
    pub fn with_realtime_triggers(mut self, triggers: Vec<TaskType>) -> Self {
        self.realtime.extend(triggers.iter().map(|kind| kind.name));
        self.triggers.extend(triggers);
        self
    }

    /// Whether the canonical name is that of a realtime trigger.
    pub fn is_realtime(&self, name: &str) -> bool {
        self.realtime.contains(name)
    }

    /// The types of polling and realtime triggers, in the order of the list.
    pub fn triggers(&self) -> &[TaskType] {
        &self.triggers
    }

    /// The type of polling or realtime trigger with this name or alias; `None` if the name is unknown, or belongs to a trigger of
    /// the scheduler.
    pub fn trigger(&self, name: &str) -> Option<&TaskType> {
        self.triggers.iter().find(|kind| kind.name == name || kind.aliases.contains(&name))
    }

    /// The type with this name or alias; `None` if the name is unknown.
    pub fn get(&self, name: &str) -> Option<&TaskType> {
        self.names.get(name).and_then(|index| self.types.get(*index))
    }

    /// All types, in the order of the list.
    pub fn types(&self) -> &[TaskType] {
        &self.types
    }

    /// Every name, aliases included, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.names.keys().copied()
    }
}
