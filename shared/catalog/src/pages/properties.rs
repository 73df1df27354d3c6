//! The properties of a JSON Schema as a list in Markdown: names, types, defaults, allowed values, and what they mean.

use segue_model::Json;

/// The deepest level of lists. Deeper properties are left out.
const DEEPEST: usize = 3;

/// The properties of a task or trigger.
pub(super) fn list(schema: &Json) -> String {
    let mut text = String::new();
    fields(schema, 0, &mut text);
    text
}

/// The outputs of a task. They are not required of anybody, and have no defaults.
pub(super) fn outputs(schema: &Json) -> String {
    let mut text = String::new();
    for (name, output, _) in parts(schema) {
        item(name, output, Asked::No, 0, &mut text);
    }
    text
}

/// Whether a value must be given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// It must be given.
    Required,
    /// It may be given.
    Optional,
    /// Nobody gives it: it is an output.
    No,
}

fn fields(schema: &Json, depth: usize, text: &mut String) {
    for (name, property, required) in parts(schema) {
        let asked = if required { Asked::Required } else { Asked::Optional };
        item(name, property, asked, depth, text);
    }
}

/// The properties of a schema: its own, and those of its parts. None of several alternatives can require a property.
fn parts(schema: &Json) -> Vec<(&str, &Json, bool)> {
    let required = array(schema, "required");
    let is_required = |name: &str| required.iter().any(|one| one.as_str() == Some(name));
    let own = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
    let mut all: Vec<(&str, &Json, bool)> =
        own.map(|(name, property)| (name.as_str(), property, is_required(name))).collect();
    all.extend(array(schema, "allOf").iter().flat_map(parts));
    if !all.is_empty() {
        let alternatives = array(schema, "anyOf").iter().chain(array(schema, "oneOf")).flat_map(parts);
        for (name, property, _) in alternatives {
            if !all.iter().any(|(known, ..)| *known == name) {
                all.push((name, property, false));
            }
        }
    }
    all
}

fn item(name: &str, property: &Json, asked: Asked, depth: usize, text: &mut String) {
    let mut facts = vec![type_of(property)];
    if asked == Asked::Required {
        facts.push("required".to_owned());
    }
    if property.get("writeOnly") == Some(&Json::Bool(true)) {
        facts.push("secret".to_owned());
    }
    text.push_str(&format!("{}- `{name}` ({})", "  ".repeat(depth), facts.join(", ")));
    let about = about(property);
    if !about.is_empty() {
        text.push_str(&format!(": {about}"));
    }
    let default = property.get("default").filter(|default| asked != Asked::No && !is_empty(default));
    // A description may already name a default in words.
    if let Some(default) = default.filter(|_| !about.contains("Default:")) {
        text.push_str(&format!(" Default: `{}`.", plain(default)));
    }
    let words: Vec<String> = words(property).map(|word| format!("`{word}`")).collect();
    if !words.is_empty() {
        text.push_str(&format!(" One of {}.", words.join(", ")));
    }
    text.push('\n');
    if depth < DEEPEST {
        nested(property, asked, depth + 1, text);
    }
}

/// What a value consists of: the fields of a map, of the elements of a list, or the alternatives.
fn nested(property: &Json, asked: Asked, depth: usize, text: &mut String) {
    for schema in
        [Some(property), property.get("items"), property.get("additionalProperties")].into_iter().flatten()
    {
        for one in alternatives(schema) {
            let is_variant = name_of_variant(one).is_some();
            match name_of_variant(one).or_else(|| constant(one).filter(|_| !about(one).is_empty())) {
                Some(name) => {
                    text.push_str(&format!("{}- `{name}`", "  ".repeat(depth)));
                    let about = about(one);
                    text.push_str(&if about.is_empty() { "\n".to_owned() } else { format!(": {about}\n") });
                }
                None if parts(one).is_empty() => continue,
                None => {}
            }
            if depth <= DEEPEST {
                let depth = depth + usize::from(is_variant);
                for (name, property, required) in parts(one) {
                    if constant(property).is_some() && is_variant {
                        continue;
                    }
                    let asked = match asked {
                        Asked::No => Asked::No,
                        _ if required => Asked::Required,
                        _ => Asked::Optional,
                    };
                    item(name, property, asked, depth, text);
                }
            }
        }
    }
}

/// A schema, or the alternatives that it consists of, without null.
fn alternatives(schema: &Json) -> Vec<&Json> {
    let parts = array(schema, "anyOf").iter().chain(array(schema, "oneOf"));
    let mut all: Vec<&Json> = parts.flat_map(alternatives).collect();
    if all.is_empty() || schema.get("properties").is_some() {
        all = vec![schema];
    }
    all.retain(|one| one.get("type").and_then(Json::as_str) != Some("null"));
    all
}

/// The value of `type` that makes a map one of several alternatives.
fn name_of_variant(schema: &Json) -> Option<&str> {
    constant(schema.get("properties")?.get("type")?)
}

fn constant(schema: &Json) -> Option<&str> {
    schema.get("const").and_then(Json::as_str)
}

/// The type in words.
fn type_of(schema: &Json) -> String {
    let mut names: Vec<String> = Vec::new();
    for one in alternatives(schema) {
        for name in names_of(one) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() { "any".to_owned() } else { names.join(" or ") }
}

fn names_of(schema: &Json) -> Vec<String> {
    let given = match schema.get("type") {
        Some(Json::String(name)) => vec![name.as_str()],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let name = |given: &str| match given {
        "array" => match schema.get("items").map(type_of).filter(|items| items != "any") {
            Some(items) => format!("list of {items}"),
            None => "list".to_owned(),
        },
        "object" => "map".to_owned(),
        "string" if schema.get("format").and_then(Json::as_str) == Some("duration") => "duration".to_owned(),
        other => other.to_owned(),
    };
    given.into_iter().filter(|given| *given != "null").map(name).collect()
}

/// The allowed words that need no description.
fn words(schema: &Json) -> impl Iterator<Item = &str> {
    alternatives(schema).into_iter().flat_map(|one| {
        let listed = array(one, "enum").iter().filter_map(Json::as_str);
        listed.chain(constant(one).filter(|_| about(one).is_empty()))
    })
}

fn about(schema: &Json) -> String {
    schema
        .get("description")
        .and_then(Json::as_str)
        .unwrap_or_default()
        .replace("\n\n", " ")
        .replace('\n', " ")
}

fn array<'s>(schema: &'s Json, keyword: &str) -> &'s [Json] {
    schema.get(keyword).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty() || fields.values().all(is_empty),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_defaults_and_words_are_named() {
        let schema = json!({
            "properties": {
                "uri": {"type": "string", "description": "The address."},
                "size": {"type": ["integer", "null"], "description": "The size.", "default": 3},
                "names": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
                "verb": {"type": "string", "enum": ["GET", "PUT"], "description": "The verb.", "default": "GET"},
                "token": {"type": "string", "writeOnly": true, "description": "The token."},
            },
            "required": ["uri"],
        });
        let expected = "\
            - `uri` (string, required): The address.\n\
            - `size` (integer): The size. Default: `3`.\n\
            - `names` (list of string or string)\n\
            - `verb` (string): The verb. Default: `GET`. One of `GET`, `PUT`.\n\
            - `token` (string, secret): The token.\n";
        assert_eq!(list(&schema), expected);
    }

    #[test]
    fn maps_and_alternatives_have_lists_below() {
        let schema = json!({"properties": {
            "auth": {"description": "The login.", "oneOf": [
                {"type": "object", "properties": {"type": {"const": "BASIC"}, "user": {"type": "string"}}, "required": ["user"]},
            ]},
            "on": {"description": "When.", "oneOf": [
                {"type": "string", "const": "CREATE", "description": "If it is new."},
                {"type": "string", "const": "NEVER", "description": "Never."},
            ]},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number"}}}},
        }});
        let expected = "\
            - `auth` (map): The login.\n  \
              - `BASIC`\n    \
                - `user` (string, required)\n\
            - `on` (string): When.\n  \
              - `CREATE`: If it is new.\n  \
              - `NEVER`: Never.\n\
            - `parts` (list of map)\n  \
              - `x` (number)\n";
        assert_eq!(list(&schema), expected);
    }
}
