//! Adds root variables to a scope.

use segue_model::Map;
use segue_template::{LazyMap, Lookups, Scope, Value, value_from_json};
use std::sync::Arc;

#[derive(Debug)]
struct Overlay {
    base: Arc<dyn LazyMap>,
    over: Map,
}

impl LazyMap for Overlay {
    fn get(&self, key: &str) -> Option<Value> {
        self.over.get(key).map(value_from_json).or_else(|| self.base.get(key))
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = self.base.keys();
        keys.extend(self.over.keys().filter(|key| self.base.get(key).is_none()).cloned());
        keys
    }
}

/// A scope with more root variables, and with other answers.
pub(crate) fn overlay(scope: &Scope, over: Map, lookups: Arc<dyn Lookups>) -> Scope {
    let variables = Arc::new(Overlay { base: scope.variables.clone(), over });
    Scope { variables, lookups, ambient: scope.ambient.clone() }
}
