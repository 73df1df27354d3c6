//! Widens the schema of a type to what the parser accepts: expressions, null, and texts of numbers.

use segue_model::catalog::aliases;
use segue_model::{Json, Map};
use serde_json::json;

/// What every text with an expression contains.
pub(super) const TEMPLATE: &str = r"\{\{|\{%";

/// A schema that accepts what the parser accepts: an expression for every value, null for an absent one, the text of a
/// number, and the names of choices in any case. References lead to the definitions of the type.
pub(super) fn loose(schema: &Json, owner: &str, is_property: bool) -> Json {
    let Json::Object(map) = schema else { return json!(true) };
    if let Some(name) = map.get("$ref").and_then(Json::as_str).and_then(|path| path.rsplit('/').next()) {
        let target = json!({"$ref": format!("#/definitions/{}~1{name}", owner)});
        return or_template(target, map);
    }
    let mut made = Map::new();
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(parts) = map.get(keyword).and_then(Json::as_array) {
            let parts: Vec<Json> = parts.iter().map(|part| loose(part, owner, false)).collect();
            // A value may fit several branches after they are widened.
            let keyword = if keyword == "oneOf" { "anyOf" } else { keyword };
            made.insert(keyword.to_owned(), Json::Array(parts));
        }
    }
    let kinds: Vec<&str> = match map.get("type") {
        Some(Json::String(kind)) => vec![kind],
        Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let choices = match (map.get("enum").and_then(Json::as_array), map.get("const")) {
        (Some(values), _) => values.clone(),
        (None, Some(value)) => vec![value.clone()],
        (None, None) => Vec::new(),
    };
    if made.is_empty() {
        if !choices.is_empty() {
            let names: Vec<String> = choices.iter().filter_map(Json::as_str).map(in_any_case).collect();
            let pattern = format!("^({})$|{TEMPLATE}", names.join("|"));
            let branches =
                json!([{"enum": choices}, {"type": "string", "pattern": pattern}, {"type": "null"}]);
            return with_words(json!({"anyOf": branches}), map);
        }
        let scalar = match kinds.iter().filter(|kind| **kind != "null").collect::<Vec<_>>().as_slice() {
            [one] => scalar(one),
            _ => None,
        };
        if let Some(scalar) = scalar {
            return with_words(scalar, map);
        }
    }
    let branches: Vec<Json> =
        kinds.iter().filter(|kind| **kind != "null").map(|kind| of_kind(kind, map, owner)).collect();
    if !branches.is_empty() {
        made.entry("anyOf").or_insert(Json::Array(branches));
    }
    let made = Json::Object(made);
    if is_property || !kinds.is_empty() { or_template(made, map) } else { made }
}

/// The schema of a scalar in a flow, with its texts and expressions. None for other types.
pub(super) fn scalar(kind: &str) -> Option<Json> {
    match kind {
        "string" => Some(text()),
        "integer" | "number" | "boolean" => Some(json!({"$ref": format!("#/definitions/{kind}")})),
        _ => None,
    }
}

/// The definitions of the scalars.
pub(super) fn scalars() -> Map {
    let of = |kind: &str, pattern: String| {
        json!({"anyOf": [
            {"type": [kind, "null"]},
            {"type": "string", "pattern": format!("{pattern}|{TEMPLATE}")},
        ]})
    };
    object_of(json!({
        "integer": of("integer", r"^\s*[+-]?[0-9]+\s*$".to_owned()),
        "number": of("number", r"^\s*[+-]?[0-9.eE+-]+\s*$".to_owned()),
        "boolean": of("boolean", format!("^({}|{})$", in_any_case("true"), in_any_case("false"))),
    }))
}

/// One of several possible JSON types.
pub(super) fn of_kind(kind: &str, map: &Map, owner: &str) -> Json {
    if let Some(scalar) = scalar(kind) {
        return scalar;
    }
    match kind {
        "array" => {
            let items = map.get("items").map_or(json!(true), |items| loose(items, owner, false));
            json!({"type": "array", "items": items})
        }
        "object" => object(map, owner),
        other => json!({"type": other}),
    }
}

pub(super) fn object(map: &Map, owner: &str) -> Json {
    let mut properties = Map::new();
    for (name, property) in map.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let schema = loose(property, owner, true);
        for alias in aliases(property) {
            properties.insert(alias.to_owned(), schema.clone());
        }
        properties.insert(name.clone(), schema);
    }
    let has_alias = |name: &str| {
        let property = map.get("properties").and_then(|known| known.get(name));
        property.is_some_and(|property| aliases(property).next().is_some())
    };
    let required = map.get("required").and_then(Json::as_array).into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Json::as_str).filter(|name| !has_alias(name)).collect();
    let rest = match map.get("additionalProperties") {
        Some(Json::Bool(false)) => json!(false),
        Some(rest @ Json::Object(_)) => loose(rest, owner, false),
        _ => json!(true),
    };
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": rest})
}

/// A schema that also accepts a text with an expression, and null. The words for people stay.
pub(super) fn or_template(schema: Json, words: &Map) -> Json {
    match schema.as_object().is_some_and(Map::is_empty) {
        true => with_words(schema, words),
        false => with_words(json!({"anyOf": [schema, {"$ref": "#/definitions/expression"}]}), words),
    }
}

/// A schema with the words for people of another one. Keywords next to `$ref` are ignored, so a reference with words
/// becomes a part.
pub(super) fn with_words(schema: Json, words: &Map) -> Json {
    let mut made = Map::new();
    for name in ["title", "description", "default", "examples"] {
        if let Some(value) = words.get(name) {
            made.insert(name.to_owned(), value.clone());
        }
    }
    if made.is_empty() {
        return schema;
    }
    match schema {
        Json::Object(map) if map.contains_key("$ref") => {
            made.insert("allOf".into(), json!([map]));
        }
        Json::Object(map) => made.extend(map),
        _ => {}
    }
    Json::Object(made)
}

/// A pattern for a word in upper and lower case.
pub(super) fn in_any_case(word: &str) -> String {
    let letter = |letter: char| match (letter.to_ascii_uppercase(), letter.to_ascii_lowercase()) {
        (upper, lower) if upper != lower => format!("[{upper}{lower}]"),
        _ if letter.is_ascii_alphanumeric() || letter == '_' => letter.to_string(),
        _ => format!(r"\{letter}"),
    };
    word.chars().map(letter).collect()
}

/// A scalar, or no value.
pub(super) fn text() -> Json {
    json!({"type": ["string", "number", "boolean", "null"]})
}

/// The map of a JSON object.
pub(super) fn object_of(value: Json) -> Map {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_fits_in_any_case() {
        assert_eq!(in_any_case("Ab_1-"), r"[Aa][Bb]_1\-");
    }
}
