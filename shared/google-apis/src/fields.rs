//! Checks that a request has only fields that the local platform knows.
//!
//! An unknown field could change the result on Google Cloud. So it is refused by name, never ignored.

use crate::refusal::Refusal;
use serde_json::Value;

/// Refuses fields of an object that are not in `known`. A field without a value, such as `null`, `false` or `[]`, counts
/// as not set. `path` is the path to the object, for the message.
pub(crate) fn only(object: &Value, path: &str, known: &[&str]) -> Result<(), Refusal> {
    let fields = object.as_object().into_iter().flatten();
    let unknown = fields.filter(|(name, value)| !known.contains(&name.as_str()) && !is_unset(value));
    match unknown.map(|(name, _)| format!("{path}{name}")).next() {
        Some(name) => Err(Refusal::unsupported(&name)),
        None => Ok(()),
    }
}

fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_unset),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_field_is_named() {
        let object = json!({"a": 1, "off": false, "none": null, "empty": [], "b": true});
        assert!(only(&object, "x.", &["a", "b"]).is_ok());
        let refused = only(&object, "x.", &["a"]).unwrap_err();
        assert!(refused.message.contains("x.b"), "{refused:?}");
    }
}
