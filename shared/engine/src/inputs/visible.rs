//! The variables of an input's expressions: the variables of the scope, and `inputs`.

use super::InputScope;
use segue_model::{Json, Map};
use segue_template::{LazyMap, Scope, Value, value_from_json};
use std::sync::Arc;

const INPUTS: &str = "inputs";

#[derive(Debug)]
struct WithInputs {
    inputs: Value,
    rest: Arc<dyn LazyMap>,
}

impl LazyMap for WithInputs {
    fn get(&self, key: &str) -> Option<Value> {
        if key == INPUTS { Some(self.inputs.clone()) } else { self.rest.get(key) }
    }

    fn keys(&self) -> Vec<String> {
        let rest = self.rest.keys().into_iter().filter(|key| key != INPUTS);
        std::iter::once(INPUTS.to_owned()).chain(rest).collect()
    }
}

/// The scope with these `inputs`.
pub(super) fn with_inputs(scope: &InputScope<'_>, inputs: Map) -> Scope {
    let inputs = value_from_json(&Json::Object(inputs));
    Scope {
        variables: Arc::new(WithInputs { inputs, rest: scope.variables.clone() }),
        lookups: scope.lookups.clone(),
        ambient: scope.ambient.clone(),
    }
}
