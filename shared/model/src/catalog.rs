//! What task types there are. The list itself is made in the composition root (`standalone`); validation and
//! the engine only read it.

use crate::Json;
use std::collections::BTreeMap;

/// Who runs a task type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunBy {
    /// The engine, by running children or waiting.
    Flowable,
    /// The executor, inside its own step.
    Inline,
    /// The service of that name, woken by a message.
    Service(&'static str),
}

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
    /// A catalogue of these types; of two with one name the first counts.
    pub fn new(types: Vec<TaskType>) -> Self {
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
