//! Task types for the KV store, and the parts that they share: the namespace, the allowed keys, and the type of a value
//! (docs/kestra.md 4.1).
//!
//! What it must not know: where values are stored. Lookups read values, and [`super::Change`] changes them.
//!
//! How to add one more: a file here, and a line in the table of inline types.

pub(super) mod delete;
pub(super) mod get;
pub(super) mod get_keys;
pub(super) mod set;
mod value;

use super::properties::missing;
use super::{InlineCall, InlineError};
use segue_model::{Json, is_kv_key, is_own_namespace};
use segue_template::{Answer, Lookup};

/// The namespace of the task. The default is the flow's own namespace.
fn namespace(call: &InlineCall<'_>) -> Result<String, InlineError> {
    let named = call.text("namespace")?.filter(|name| !name.is_empty());
    if let Some(name) = named.as_ref().filter(|name| is_own_namespace(name)) {
        return Err(InlineError::failed(format!("'{name}' is not a namespace: write one like company.team")));
    }
    Ok(named.unwrap_or_else(|| call.execution.namespace.clone()))
}

/// The key in the task.
fn key(call: &InlineCall<'_>) -> Result<String, InlineError> {
    let key = call.text("key")?.ok_or_else(|| missing("key"))?;
    if is_kv_key(&key) {
        return Ok(key);
    }
    Err(InlineError::failed(format!(
        "The key '{key}' is not allowed: a key starts with a letter or a digit, followed by letters, digits, \
         dots, underscores and hyphens"
    )))
}

/// The value of a key. If the task names no namespace, the flow's namespace and then its parents are searched.
pub(super) fn stored(
    call: &InlineCall<'_>,
    namespace: Option<&str>,
    key: &str,
) -> Result<Option<Json>, InlineError> {
    let lookup = Lookup::Kv { namespace: namespace.map(str::to_owned), key: key.to_owned() };
    answered(call.scope.lookups.lookup(&lookup))
}

fn answered(answer: Answer) -> Result<Option<Json>, InlineError> {
    match answer {
        Answer::Found(value) => Ok(Some(value)),
        Answer::Missing => Ok(None),
        Answer::Failed(message) => Err(InlineError::failed(message)),
        Answer::Pending => Err(InlineError::Pending),
    }
}

/// The error of a task that requires a value, if the value does not exist.
fn not_found(key: &str, namespace: &str) -> InlineError {
    InlineError::failed(format!(
        "No value found for key '{key}' in namespace '{namespace}' and `errorOnMissing` is set to true"
    ))
}
