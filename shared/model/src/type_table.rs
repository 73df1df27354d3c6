//! A short way to write the schema of a type that has no properties struct of its own.

use crate::{Json, Map};
use serde_json::json;

/// A property: its name (with a `!` behind it when it is required) and its JSON type: `string`, `boolean`,
/// `integer`, `array`, `object`, `any`, or the values it takes with a `|` between them.
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
