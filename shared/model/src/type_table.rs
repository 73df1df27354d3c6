//! A short notation for the schema of a type that has no Rust struct for its properties.

use crate::{Json, Map};
use serde_json::json;

/// A property: its name, with a `!` at the end if it is required, and its JSON type. The type is `string`, `boolean`,
/// `integer`, `array`, `object` or `any`, or the allowed values with a `|` between them.
pub(crate) type Property = (&'static str, &'static str);

/// The JSON Schema of these properties.
pub(crate) fn schema(properties: &[Property]) -> Json {
    let mut map = Map::new();
    let mut required = Vec::new();
    for (name, kind) in properties {
        let plain = name.trim_end_matches('!');
        if plain.len() < name.len() {
            required.push(plain);
        }
        map.insert(plain.to_owned(), property(kind));
    }
    json!({"type": "object", "properties": map, "required": required})
}

fn property(kind: &str) -> Json {
    match kind {
        "any" => json!(true),
        "string" | "boolean" | "integer" | "array" | "object" => json!({"type": kind}),
        values => json!({"type": "string", "enum": values.split('|').collect::<Vec<_>>()}),
    }
}
