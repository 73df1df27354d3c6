//! The deprecated state store (`state.Set`, `state.Get`, `state.Delete`; use `kv.*`). A state is a map for a flow or a
//! namespace. It is stored as one KV value under a separate key (docs/kestra.md 4.1).
//!
//! How to add one more: a file here, and a line in the table of inline types.

pub(super) mod delete;
pub(super) mod get;
pub(super) mod set;

use super::kv::stored;
use super::{InlineCall, InlineError, schema};
use segue_model::execution::slug;
use segue_model::id::friendly_id;
use segue_model::{Json, Map};

/// The KV key of a task's state.
fn key(call: &InlineCall<'_>) -> Result<String, InlineError> {
    let name = call.text("name")?.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned());
    let mut key = format!("states_{name}");
    if !call.flag("namespace", false)? {
        key = format!("{}_{key}", slug(&call.execution.flow_id));
    }
    if call.flag("taskrunValue", true)?
        && let Some(value) = &call.task_run.value
    {
        // A loop value may be any text, so the key has its hash.
        key = format!("{key}_{}", friendly_id(&[value]));
    }
    Ok(key)
}

/// The state under a key.
fn state(call: &InlineCall<'_>, key: &str) -> Result<Option<Map>, InlineError> {
    match stored(call, Some(&call.execution.namespace), key)? {
        None => Ok(None),
        Some(Json::Object(map)) => Ok(Some(map)),
        Some(_) => Err(InlineError::failed(format!(
            "The KV value '{key}' is not a state, because state.Set did not set it: choose another `name`"
        ))),
    }
}

/// The error of a task that requires a state, if the state does not exist.
fn not_found(key: &str) -> InlineError {
    InlineError::failed(format!("State {key} not found and `errorOnMissing` is set to true"))
}

/// The schema of the common properties and the properties of one task type.
fn object<const N: usize>(own: [(&str, Json); N], required: &[&str]) -> Json {
    let mut all = schema::object(
        [
            ("name", schema::text("The name of the state. Default: `default`.")),
            ("namespace", schema::flag("Whether all flows of the namespace share the state.", false)),
            ("taskrunValue", schema::flag("Whether each value of a loop has a separate state.", true)),
        ],
        required,
    );
    if let Some(properties) = all.get_mut("properties").and_then(Json::as_object_mut) {
        properties.extend(own.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_key_names_the_owner_of_the_state() {
        let mut bench = Bench::with(json!({"inputs": {"name": "n"}}));
        let of = |bench: &Bench, properties: Json| bench.call(&properties, |call| key(call).unwrap());
        assert_eq!(of(&bench, json!({})), "my-flow_states_default");
        assert_eq!(of(&bench, json!({"name": "{{ inputs.name }}"})), "my-flow_states_n");
        assert_eq!(of(&bench, json!({"namespace": true})), "states_default");
        bench.task_run.value = Some("a/b".to_owned());
        let hashed = format!("my-flow_states_default_{}", friendly_id(&["a/b"]));
        assert_eq!(of(&bench, json!({})), hashed);
        assert_eq!(of(&bench, json!({"taskrunValue": false})), "my-flow_states_default");
    }
}
