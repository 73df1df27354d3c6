//! The variables of expressions (docs/kestra.md 3.2), found by name when an expression asks for them.
//!
//! [`Shared`] has the variables of an execution, and `Variables` adds those of one task run. `scope.rs` fills both
//! from an execution in memory.

use crate::env::Env;
use crate::inputs::date_text;
use crate::outputs::Outputs;
use crate::secret_reader::SecretReader;
use segue_model::cipher::holds_sealed;
use segue_model::execution::Execution;
use segue_model::label::Label;
use segue_model::{Json, Map};
use segue_template::{LazyMap, LookupTable, Scope, Value, value_from_json};
use serde_json::json;
use std::sync::Arc;

/// The part of the context that is the same for all task runs of an execution.
#[derive(Debug)]
pub struct Shared {
    /// The values as they are stored.
    values: Vec<(&'static str, Value)>,
    /// The values with encrypted parts, after decryption.
    opened: Vec<(&'static str, Value)>,
    /// The decrypted secrets.
    secrets: Vec<String>,
    globals: Vec<(String, Value)>,
    outputs: Outputs,
}

impl Shared {
    /// The variables of an execution. Encrypted values are decrypted once, for all task runs.
    pub(crate) fn new(execution: &Execution, outputs: Outputs, env: &Env) -> Self {
        let mut values = vec![
            (
                "flow",
                json!({"id": execution.flow_id, "namespace": execution.namespace,
                       "revision": execution.flow_revision, "tenantId": "main"}),
            ),
            (
                "execution",
                json!({"id": execution.id, "startDate": date_text(execution.state.start_date()),
                       "originalId": execution.original_id, "state": execution.state.current().as_str(),
                       "outputs": execution.outputs.clone().unwrap_or_default()}),
            ),
            ("inputs", Json::Object(execution.inputs.clone())),
            ("vars", Json::Object(execution.variables.clone())),
            ("labels", labels_value(&execution.labels)),
        ];
        if let Some(trigger) = &execution.trigger {
            values.push(("trigger", Json::Object(trigger.variables.clone())));
            if trigger.variables.contains_key("date") {
                values.push(("schedule", Json::Object(trigger.variables.clone())));
            }
        }
        let secrets = LookupTable::new();
        let reader = SecretReader::new(&Env { lookups: secrets.clone(), ..env.clone() });
        let opened = values
            .iter()
            .filter(|(_, value)| holds_sealed(value))
            .map(|(name, value)| (*name, reader.value(value)))
            .collect();
        Self {
            opened,
            secrets: secrets.learnt(),
            values: values.into_iter().map(|(name, value)| (name, value_from_json(&value))).collect(),
            globals: env.globals.iter().map(|(name, value)| (name.clone(), value_from_json(value))).collect(),
            outputs,
        }
    }

    /// The decrypted secrets.
    pub(crate) fn secrets(&self) -> &[String] {
        &self.secrets
    }
}

/// The root variables of a task run.
#[derive(Debug)]
pub(crate) struct Variables {
    pub(crate) shared: Arc<Shared>,
    /// The variables that only this task run has.
    pub(crate) own: Vec<(&'static str, Value)>,
    /// Decrypts values. `None` if values stay encrypted, because they are sent to a service.
    pub(crate) reader: Option<SecretReader>,
    /// The loop values that expressions may leave out in the names of outputs. They are the values of the Loops around
    /// a task.
    pub(crate) within: Arc<[String]>,
}

impl LazyMap for Variables {
    fn get(&self, key: &str) -> Option<Value> {
        if let Some((_, value)) = self.own.iter().find(|(name, _)| *name == key) {
            return Some(value.clone());
        }
        match key {
            "outputs" => {
                return self.reader.clone().map(|reader| self.shared.outputs.value(&self.within, reader));
            }
            "tasks" => return Some(self.shared.outputs.states()),
            _ => {}
        }
        if self.reader.is_some()
            && let Some((_, value)) = self.shared.opened.iter().find(|(name, _)| *name == key)
        {
            return Some(value.clone());
        }
        if let Some((_, value)) = self.shared.values.iter().find(|(name, _)| *name == key) {
            return Some(value.clone());
        }
        self.shared.globals.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }

    fn keys(&self) -> Vec<String> {
        let own = self.own.iter().map(|(name, _)| (*name).to_owned());
        let shared = self.shared.values.iter().map(|(name, _)| (*name).to_owned());
        let globals = self.shared.globals.iter().map(|(name, _)| name.clone());
        own.chain(shared).chain(globals).chain(["outputs".to_owned(), "tasks".to_owned()]).collect()
    }
}

#[derive(Debug)]
struct Overlay {
    base: Arc<dyn LazyMap>,
    over: Vec<(&'static str, Value)>,
}

impl LazyMap for Overlay {
    fn get(&self, key: &str) -> Option<Value> {
        let over = self.over.iter().find(|(name, _)| *name == key);
        over.map(|(_, value)| value.clone()).or_else(|| self.base.get(key))
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = self.base.keys();
        let new = self.over.iter().filter(|(name, _)| self.base.get(name).is_none());
        keys.extend(new.map(|(name, _)| (*name).to_owned()));
        keys
    }
}

/// A scope with some root variables replaced.
pub(crate) fn overlay(scope: &Scope, over: Vec<(&'static str, Value)>) -> Scope {
    Scope { variables: Arc::new(Overlay { base: scope.variables.clone(), over }), ..scope.clone() }
}

/// Labels as the value of `labels`. A key with dots becomes nested maps.
pub fn labels_value(labels: &[Label]) -> Json {
    let mut root = Map::new();
    for label in labels {
        let mut map = &mut root;
        let mut parts = label.key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                map.insert(part.to_owned(), Json::String(label.value.clone()));
                break;
            }
            let next = map.entry(part.to_owned()).or_insert_with(|| Json::Object(Map::new()));
            if !next.is_object() {
                *next = Json::Object(Map::new());
            }
            match next {
                Json::Object(inner) => map = inner,
                _ => break,
            }
        }
    }
    Json::Object(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_labels_nest() {
        let labels = [Label::new("system.from", "x"), Label::new("team", "a")];
        assert_eq!(labels_value(&labels), json!({"system": {"from": "x"}, "team": "a"}));
    }
}
