//! Converts rendered properties to the types a task declares. Templates render to text, and a property of
//! another type is parsed from this text (docs/kestra.md 3.1). This module knows only the JSON schema of the
//! task.

use segue_model::{Json, Map};

/// Converts rendered values to the types in the schema. A value that cannot be converted is left unchanged,
/// so that parsing the properties reports what is wrong with it.
pub(crate) fn coerce(value: Json, schema: &Json) -> Json {
    Coercion { root: schema }.value(value, schema, 0)
}

struct Coercion<'a> {
    root: &'a Json,
}

/// How deep a schema that refers to itself is followed.
const MAX_DEPTH: usize = 64;

impl<'a> Coercion<'a> {
    fn value(&self, value: Json, schema: &'a Json, depth: usize) -> Json {
        if depth > MAX_DEPTH {
            return value;
        }
        let schema = self.resolve(schema);
        let branches = branches(schema);
        if !branches.is_empty() {
            return self.one_of(value, &branches, depth);
        }
        let value = to_type(value, schema);
        match value {
            Json::Object(fields) => Json::Object(self.object(fields, schema, depth)),
            Json::Array(items) => match schema.get("items") {
                Some(of) => {
                    Json::Array(items.into_iter().map(|item| self.value(item, of, depth + 1)).collect())
                }
                None => Json::Array(items),
            },
            other => other,
        }
    }

    /// Takes the first branch that fits the value without conversion, or else the first that the value can be
    /// converted to.
    fn one_of(&self, value: Json, branches: &[&'a Json], depth: usize) -> Json {
        let fitting = branches.iter().find(|branch| fits(&value, self.resolve(branch)));
        if let Some(branch) = fitting {
            return self.value(value, branch, depth + 1);
        }
        for branch in branches {
            let candidate = self.value(value.clone(), branch, depth + 1);
            if fits(&candidate, self.resolve(branch)) {
                return candidate;
            }
        }
        value
    }

    fn object(&self, fields: Map, schema: &'a Json, depth: usize) -> Map {
        let declared = schema.get("properties").and_then(Json::as_object);
        let other = schema.get("additionalProperties").filter(|schema| schema.is_object());
        let required = schema.get("required").and_then(Json::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|each| each == name));
        fields
            .into_iter()
            .filter_map(|(name, item)| {
                let of = declared.and_then(|properties| properties.get(&name));
                if item.is_null() && of.is_some() && !is_required(&name) {
                    return None;
                }
                let item = match of.or(other) {
                    Some(of) => self.value(item, of, depth + 1),
                    None => item,
                };
                Some((name, item))
            })
            .collect()
    }

    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let Some(path) = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#'))
        else {
            return schema;
        };
        self.root.pointer(path).unwrap_or(schema)
    }
}

fn branches(schema: &Json) -> Vec<&Json> {
    ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| schema.get(key).and_then(Json::as_array))
        .flat_map(|branches| branches.iter())
        .collect()
}

/// The types a schema allows. Empty: any type.
fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn fits(value: &Json, schema: &Json) -> bool {
    if let Some(constant) = schema.get("const") {
        return value == constant;
    }
    if let Some(allowed) = schema.get("enum").and_then(Json::as_array) {
        return allowed.contains(value);
    }
    let types = types(schema);
    let of_type = types.is_empty()
        || types.iter().any(|name| match *name {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => false,
        });
    let required = schema.get("required").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    of_type
        && value.as_object().is_none_or(|fields| {
            required.iter().filter_map(Json::as_str).all(|name| fields.contains_key(name))
        })
}

fn to_type(value: Json, schema: &Json) -> Json {
    let types = types(schema);
    let wants = |name: &str| types.contains(&name);
    if types.is_empty() {
        return value;
    }
    match value {
        Json::String(text) if !wants("string") => from_text(text, &wants),
        Json::Bool(flag) if !wants("boolean") && wants("string") => Json::String(flag.to_string()),
        Json::Number(number) if !wants("number") && !wants("integer") && wants("string") => {
            Json::String(number.to_string())
        }
        Json::Number(number) if wants("integer") && !wants("number") => whole(number),
        other => other,
    }
}

fn from_text(text: String, wants: &dyn Fn(&str) -> bool) -> Json {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return match () {
            () if wants("array") => Json::Array(Vec::new()),
            () if wants("object") => Json::Object(Map::new()),
            () if wants("null") => Json::Null,
            () => Json::String(text),
        };
    }
    if wants("boolean") {
        if trimmed.eq_ignore_ascii_case("true") {
            return Json::Bool(true);
        }
        if trimmed.eq_ignore_ascii_case("false") {
            return Json::Bool(false);
        }
    }
    match serde_json::from_str::<Json>(trimmed) {
        Ok(Json::Number(number)) if wants("number") => Json::Number(number),
        Ok(Json::Number(number)) if wants("integer") => match whole(number) {
            Json::Number(number) if number.is_f64() => Json::String(text),
            number => number,
        },
        Ok(Json::Array(items)) if wants("array") => Json::Array(items),
        Ok(Json::Object(fields)) if wants("object") => Json::Object(fields),
        Ok(Json::Null) if wants("null") => Json::Null,
        _ => Json::String(text),
    }
}

/// `2.0` becomes 2 where an integer is expected.
fn whole(number: serde_json::Number) -> Json {
    /// Up to this number, a double holds every integer exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            #[allow(clippy::cast_possible_truncation, reason = "a whole number within 2^53 fits i64 exactly")]
            let int = float as i64;
            Json::from(int)
        }
        _ => Json::Number(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase")]
    struct Props {
        name: String,
        count: Option<u32>,
        ratio: Option<f64>,
        #[serde(default)]
        on: bool,
        #[serde(default)]
        items: Vec<u32>,
        #[serde(default)]
        pairs: BTreeMap<String, String>,
        mode: Option<Mode>,
        inner: Option<Inner>,
        either: Option<Either>,
        any: Option<Json>,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(rename_all = "UPPERCASE")]
    enum Mode {
        /// With a doc comment, each variant becomes its own branch.
        Fast,
        /// The other variant.
        Slow,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Inner {
        size: i64,
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<String>),
        One(String),
    }

    fn check(value: Json, expect: Json) {
        let schema = crate::list::schema_of::<Props>();
        assert_eq!(coerce(value, &schema), expect);
    }

    #[test]
    fn texts_become_what_the_schema_wants() {
        check(
            json!({"name": "n", "count": "7", "ratio": "1.5", "on": "true", "items": "[1, \"2\"]",
                   "pairs": "{\"a\": 1}", "inner": "{\"size\": \"3\"}", "mode": "FAST"}),
            json!({"name": "n", "count": 7, "ratio": 1.5, "on": true, "items": [1, 2],
                   "pairs": {"a": "1"}, "inner": {"size": 3}, "mode": "FAST"}),
        );
    }

    #[test]
    fn scalars_become_text_where_text_is_wanted() {
        check(
            json!({"name": 12, "pairs": {"a": true, "b": 1.5}}),
            json!({"name": "12", "pairs": {"a": "true", "b": "1.5"}}),
        );
    }

    #[test]
    fn empty_lists_and_nulls() {
        check(
            json!({"name": "n", "items": "", "pairs": " ", "count": null, "ratio": ""}),
            json!({"name": "n", "items": [], "pairs": {}, "ratio": null}),
        );
    }

    #[test]
    fn text_stays_text_and_what_does_not_fit_stays() {
        check(
            json!({"name": "[1]", "count": "many", "either": "[\"a\"]", "any": "{\"a\": 1}"}),
            json!({"name": "[1]", "count": "many", "either": "[\"a\"]", "any": "{\"a\": 1}"}),
        );
        check(json!({"name": "x", "count": 2.0}), json!({"name": "x", "count": 2}));
    }

    #[test]
    fn what_is_coerced_can_be_read() {
        let schema = crate::list::schema_of::<Props>();
        let value = coerce(json!({"name": 1, "count": "1", "inner": "{\"size\": \"2\"}"}), &schema);
        let props: Props = serde_json::from_value(value).unwrap();
        assert_eq!((props.name.as_str(), props.count, props.inner), ("1", Some(1), Some(Inner { size: 2 })));
    }
}
