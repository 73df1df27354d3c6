//! `outputs.*` and `tasks.*` of an execution: a tree by task and loop values, seen through views made on
//! demand, so that no expression ever copies it (kestra-compat.md 3.3).

use indexmap::IndexMap;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_template::{LazyMap, Value, lazy_map, value_from_json};
use std::sync::{Arc, PoisonError, RwLock};

/// The tree of one execution. Cheap to clone: clones share it.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    tree: Arc<RwLock<IndexMap<String, Leaf>>>,
}

#[derive(Debug, Default)]
struct Leaf {
    outputs: Option<Arc<Map>>,
    state: Option<State>,
    by_value: IndexMap<String, Leaf>,
}

impl Leaf {
    fn at(&self, chain: &[String]) -> Option<&Self> {
        chain.iter().try_fold(self, |leaf, value| leaf.by_value.get(value))
    }

    fn has_outputs(&self) -> bool {
        self.outputs.is_some() || self.by_value.values().any(Self::has_outputs)
    }

    fn to_json(&self) -> Json {
        let mut map = self.outputs.as_deref().cloned().unwrap_or_default();
        for (value, leaf) in self.by_value.iter().filter(|(_, leaf)| leaf.has_outputs()) {
            map.insert(value.clone(), leaf.to_json());
        }
        Json::Object(map)
    }
}

impl Outputs {
    fn change(&self, task: &str, chain: &[String], change: impl FnOnce(&mut Leaf)) {
        let mut tree = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        let mut leaf = match tree.get_mut(task) {
            Some(leaf) => leaf,
            None => tree.entry(task.to_owned()).or_default(),
        };
        for value in chain {
            leaf = leaf.by_value.entry(value.clone()).or_default();
        }
        change(leaf);
    }

    /// Sets what a task gave out under its loop values.
    pub fn set(&self, task: &str, chain: &[String], outputs: &Map) {
        self.change(task, chain, |leaf| leaf.outputs = Some(Arc::new(outputs.clone())));
    }

    /// Takes away what a task gave out under its loop values.
    pub fn clear(&self, task: &str, chain: &[String]) {
        self.change(task, chain, |leaf| leaf.outputs = None);
    }

    /// Sets the state `tasks.*` shows.
    pub fn set_state(&self, task: &str, chain: &[String], state: State) {
        self.change(task, chain, |leaf| leaf.state = Some(state));
    }

    /// The value of `outputs`.
    pub fn value(&self) -> Value {
        lazy_map(Arc::new(View { outputs: self.clone(), path: Vec::new(), states: false }))
    }

    /// The value of `tasks`.
    pub fn states(&self) -> Value {
        lazy_map(Arc::new(View { outputs: self.clone(), path: Vec::new(), states: true }))
    }

    /// The outputs of these tasks (of all where none are named) as JSON.
    pub fn to_json(&self, tasks: Option<&std::collections::BTreeSet<String>>) -> Json {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        let map = tree
            .iter()
            .filter(|(task, leaf)| tasks.is_none_or(|names| names.contains(*task)) && leaf.has_outputs())
            .map(|(task, leaf)| (task.clone(), leaf.to_json()))
            .collect();
        Json::Object(map)
    }

    fn with<T>(&self, path: &[String], read: impl FnOnce(&Leaf) -> Option<T>) -> Option<T> {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        let (task, chain) = path.split_first()?;
        read(tree.get(task)?.at(chain)?)
    }
}

#[derive(Debug)]
struct View {
    outputs: Outputs,
    path: Vec<String>,
    states: bool,
}

impl View {
    fn below(&self, key: &str) -> Value {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        lazy_map(Arc::new(Self { outputs: self.outputs.clone(), path, states: self.states }))
    }
}

impl LazyMap for View {
    fn get(&self, key: &str) -> Option<Value> {
        if self.path.is_empty() {
            let tree = self.outputs.tree.read().unwrap_or_else(PoisonError::into_inner);
            let leaf = tree.get(key)?;
            return (self.states || leaf.has_outputs()).then(|| self.below(key));
        }
        let found = self.outputs.with(&self.path, |leaf| {
            if self.states {
                if key == "state" {
                    return leaf.state.map(|state| Some(Value::from(state.as_str())));
                }
                return leaf.by_value.contains_key(key).then_some(None);
            }
            if let Some(value) = leaf.outputs.as_ref().and_then(|outputs| outputs.get(key)) {
                return Some(Some(value_from_json(value)));
            }
            leaf.by_value.get(key).filter(|leaf| leaf.has_outputs()).map(|_| None)
        })?;
        Some(found.unwrap_or_else(|| self.below(key)))
    }

    fn keys(&self) -> Vec<String> {
        if self.path.is_empty() {
            let tree = self.outputs.tree.read().unwrap_or_else(PoisonError::into_inner);
            return tree
                .iter()
                .filter(|(_, leaf)| self.states || leaf.has_outputs())
                .map(|(task, _)| task.clone())
                .collect();
        }
        self.outputs
            .with(&self.path, |leaf| {
                let own: Vec<String> = if self.states {
                    leaf.state.map(|_| "state".to_owned()).into_iter().collect()
                } else {
                    leaf.outputs.iter().flat_map(|outputs| outputs.keys().cloned()).collect()
                };
                let below = leaf.by_value.iter().filter(|(_, leaf)| self.states || leaf.has_outputs());
                Some(own.into_iter().chain(below.map(|(value, _)| value.clone())).collect())
            })
            .unwrap_or_default()
    }
}
