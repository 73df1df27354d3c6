//! `outputs.*` and `tasks.*` of an execution: a tree by task and loop values. Expressions see views that are
//! made on demand, so no expression copies the tree (docs/kestra.md 3.3).

use crate::secret_reader::SecretReader;
use indexmap::IndexMap;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_template::{LazyMap, Value, lazy_map};
use std::sync::{Arc, PoisonError, RwLock};

/// The tree of an execution. A clone is cheap, because all clones share the tree.
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

    /// Like [`Self::to_json`], and adds the entries of the first of `values`, then of the next, and so on. An added entry
    /// replaces an entry with the same name.
    fn to_json_within(&self, values: &[String]) -> Json {
        let mut json = self.to_json();
        let mut leaf = self;
        for value in values {
            let Some(below) = leaf.by_value.get(value) else { break };
            if let (Json::Object(map), Some(outputs)) = (&mut json, &below.outputs) {
                map.extend(outputs.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            leaf = below;
        }
        json
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

    /// Sets the outputs of a task under its loop values.
    pub fn set(&self, task: &str, chain: &[String], outputs: &Map) {
        self.change(task, chain, |leaf| leaf.outputs = Some(Arc::new(outputs.clone())));
    }

    /// Removes the outputs of a task under its loop values.
    pub fn clear(&self, task: &str, chain: &[String]) {
        self.change(task, chain, |leaf| (leaf.outputs, leaf.state) = (None, None));
    }

    /// Sets the state in `tasks.*`.
    pub fn set_state(&self, task: &str, chain: &[String], state: State) {
        self.change(task, chain, |leaf| leaf.state = Some(state));
    }

    /// The value of `outputs`. The outputs of a task under the loop values `within` can also be read without
    /// naming these values. `reader` decrypts encrypted values.
    pub(crate) fn value(&self, within: &Arc<[String]>, reader: SecretReader) -> Value {
        let within = within.clone();
        let shows = Shows::Outputs(reader);
        lazy_map(Arc::new(View { outputs: self.clone(), path: Vec::new(), within, shows }))
    }

    /// The value of `tasks`.
    pub fn states(&self) -> Value {
        let within = Arc::from([]);
        lazy_map(Arc::new(View { outputs: self.clone(), path: Vec::new(), within, shows: Shows::States }))
    }

    /// The outputs of these tasks as JSON; `None` for all tasks. `within` has the loop values that expressions may leave
    /// out.
    pub fn to_json(&self, tasks: Option<&std::collections::BTreeSet<String>>, within: &[String]) -> Json {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        let map = tree
            .iter()
            .filter(|(task, leaf)| tasks.is_none_or(|names| names.contains(*task)) && leaf.has_outputs())
            .map(|(task, leaf)| (task.clone(), leaf.to_json_within(within)))
            .collect();
        Json::Object(map)
    }

    fn with<T>(&self, path: &[String], read: impl FnOnce(&Leaf) -> Option<T>) -> Option<T> {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        let (task, chain) = path.split_first()?;
        read(tree.get(task)?.at(chain)?)
    }
}

/// The content of a view.
#[derive(Clone, Debug)]
enum Shows {
    Outputs(SecretReader),
    States,
}

#[derive(Debug)]
struct View {
    outputs: Outputs,
    path: Vec<String>,
    within: Arc<[String]>,
    shows: Shows,
}

impl View {
    fn is_shown(&self, leaf: &Leaf) -> bool {
        matches!(self.shows, Shows::States) || leaf.has_outputs()
    }

    fn below(&self, key: &str) -> Value {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        let within = if self.path.is_empty() { self.within.clone() } else { Arc::from([]) };
        lazy_map(Arc::new(Self { outputs: self.outputs.clone(), path, within, shows: self.shows.clone() }))
    }

    /// The value of a key in a leaf: `None` if the key is absent, `Some(None)` if the key leads to a map.
    fn within_leaf(&self, leaf: &Leaf, key: &str) -> Option<Option<Value>> {
        let Shows::Outputs(reader) = &self.shows else {
            if key == "state" {
                return leaf.state.map(|state| Some(Value::from(state.as_str())));
            }
            return leaf.by_value.contains_key(key).then_some(None);
        };
        if let Some(value) = leaf.outputs.as_ref().and_then(|outputs| outputs.get(key)) {
            return Some(Some(reader.value(value)));
        }
        leaf.by_value.get(key).filter(|leaf| leaf.has_outputs()).map(|_| None)
    }

    /// The paths in which a key of this map is searched, the closest first.
    fn paths(&self) -> impl Iterator<Item = Vec<String>> {
        (0..=self.within.len())
            .rev()
            .map(|length| self.path.iter().chain(self.within.iter().take(length)).cloned().collect())
    }
}

impl LazyMap for View {
    fn get(&self, key: &str) -> Option<Value> {
        if self.path.is_empty() {
            let tree = self.outputs.tree.read().unwrap_or_else(PoisonError::into_inner);
            let leaf = tree.get(key)?;
            return self.is_shown(leaf).then(|| self.below(key));
        }
        let found =
            self.paths().find_map(|path| self.outputs.with(&path, |leaf| self.within_leaf(leaf, key)));
        Some(found?.unwrap_or_else(|| self.below(key)))
    }

    fn keys(&self) -> Vec<String> {
        if self.path.is_empty() {
            let tree = self.outputs.tree.read().unwrap_or_else(PoisonError::into_inner);
            return tree
                .iter()
                .filter(|(_, leaf)| self.is_shown(leaf))
                .map(|(task, _)| task.clone())
                .collect();
        }
        // Within an iteration of a Loop, the task's outputs look as if there were no other iteration.
        let path = self
            .paths()
            .find(|path| self.outputs.with(path, |leaf| leaf.outputs.as_ref().map(drop)).is_some())
            .unwrap_or_else(|| self.path.clone());
        self.outputs
            .with(&path, |leaf| {
                let own: Vec<String> = if matches!(self.shows, Shows::States) {
                    leaf.state.map(|_| "state".to_owned()).into_iter().collect()
                } else {
                    leaf.outputs.iter().flat_map(|outputs| outputs.keys().cloned()).collect()
                };
                let below = leaf.by_value.iter().filter(|(_, leaf)| self.is_shown(leaf));
                Some(own.into_iter().chain(below.map(|(value, _)| value.clone())).collect())
            })
            .unwrap_or_default()
    }
}
