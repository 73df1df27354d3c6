//! What task types there are. The list itself is made in the crate `catalog`; validation and the engine only read it.

use crate::{Json, Map};
use std::collections::{BTreeMap, BTreeSet};

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
    /// One of several services. The properties of the task decide which one.
    Routed(&'static Route),
}

/// The rule by which a task goes to one of several services.
#[derive(Debug)]
pub struct Route {
    /// JSON pointers to the texts that decide, in the properties of the task. A text that is an expression is rendered
    /// before [`Self::choose`] sees it. If it cannot be rendered, it stays as the flow writes it.
    pub texts: &'static [&'static str],
    /// Returns the name of the service for these properties.
    pub choose: fn(&Map) -> &'static str,
}

/// Two routes are equal if they are the same static value.
impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Route {}

/// A task type.
#[derive(Clone, Debug)]
pub struct TaskType {
    /// The canonical name, `io.kestra.plugin.core.log.Log`.
    pub name: &'static str,
    /// Other names that mean the same (docs/kestra.md 4.0).
    pub aliases: &'static [&'static str],
    /// Who runs it.
    pub run_by: RunBy,
    /// JSON Schema of its own properties, the common ones left out.
    pub schema: Json,
}

/// All task types, by all their names.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    types: Vec<TaskType>,
    names: BTreeMap<&'static str, usize>,
}

impl Catalog {
    /// A catalogue of these types. Of two types with one name the first counts, and the other is left out: services
    /// that share a task type list it once each.
    pub fn new(mut types: Vec<TaskType>) -> Self {
        let mut seen = BTreeSet::new();
        types.retain(|kind| seen.insert(kind.name));
        let mut names = BTreeMap::new();
        for (index, kind) in types.iter().enumerate() {
            for name in std::iter::once(&kind.name).chain(kind.aliases) {
                names.entry(*name).or_insert(index);
            }
        }
        Self { types, names }
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
