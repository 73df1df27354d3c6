//! Parts of the JSON Schemas of inline task types. A template is allowed in place of every value. The checker knows
//! this rule, so the schemas do not repeat it.
//!
//! What it must not know: the properties of a single task type.
//!
//! How to add one more type of property: a function here.

use segue_model::Json;
use serde_json::json;

/// The schema of the properties of a type.
pub(super) fn object<const N: usize>(properties: [(&str, Json); N], required: &[&str]) -> Json {
    let properties: segue_model::Map =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A text.
pub(super) fn text(description: &str) -> Json {
    json!({"description": description, "type": "string"})
}

/// True or false.
pub(super) fn flag(description: &str, default: bool) -> Json {
    json!({"description": description, "type": "boolean", "default": default})
}

/// An ISO-8601 duration.
pub(super) fn duration(description: &str) -> Json {
    json!({"description": description, "type": "string", "examples": ["PT1H", "P1D"]})
}

/// One of several words.
pub(super) fn one_of(description: &str, words: &[&str], default: Option<&str>) -> Json {
    let mut schema = json!({"description": description, "type": "string", "enum": words});
    if let (Some(default), Json::Object(schema)) = (default, &mut schema) {
        schema.insert("default".to_owned(), default.into());
    }
    schema
}

/// The level of log lines.
pub(super) fn level() -> Json {
    one_of("The level of the lines.", &["TRACE", "DEBUG", "INFO", "WARN", "ERROR"], Some("INFO"))
}

/// A map, or a JSON object as text.
pub(super) fn map(description: &str) -> Json {
    json!({"description": description, "type": ["object", "string"]})
}

/// A list, or a JSON array as text.
pub(super) fn list(description: &str) -> Json {
    json!({"description": description, "type": ["array", "string"]})
}

/// Any value.
pub(super) fn any(description: &str) -> Json {
    json!({"description": description})
}
