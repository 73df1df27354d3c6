//! Functions of JSON. The values come and go as texts.

use super::json_digits::{exact, keeps};
use super::json_path::{Path, Step};
use super::{Outcome, integer};
use serde_json::{Map, Value};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    if !(name.starts_with("json_") || name.starts_with("lax_")) {
        return None;
    }
    Some(of_json(name, arguments))
}

fn of_json(name: &str, arguments: &[&str]) -> Outcome {
    let text = |index: usize| arguments.get(index).copied().unwrap_or_default();
    match name {
        "json_quote" => return Ok(Some(Value::from(text(0)).to_string())),
        "json_float_text" => return Ok(Some(float_text(text(0)))),
        "json_parse" => {
            wide_numbers(text(1))?;
            if text(1).eq_ignore_ascii_case("exact") {
                exact(text(0)).map_err(|message| format!("Invalid input to PARSE_JSON: {message}"))?;
            }
            return parsed(text(0)).map(|value| Some(sorted(value).to_string()));
        }
        "json_object" => return object(arguments),
        "json_zip" => return zipped(text(0), text(1)),
        _ => {}
    }
    // Functions of texts return NULL for a text that is no JSON.
    let Ok(value) = serde_json::from_str::<Value>(text(0)) else { return Ok(None) };
    let out = |value: Option<Value>| Ok(value.map(|value| value.to_string()));
    let found = |of_text: bool| -> Result<Option<Value>, String> {
        let path = Path::parse(text(1))?;
        let found = path.find(&value);
        Ok(found.filter(|found| !(of_text && found.is_null())))
    };
    match name {
        "json_normal" => out(Some(sorted(value))),
        "json_pretty" => Ok(serde_json::to_string_pretty(&value).ok()),
        "json_member" => out(value.get(text(1)).cloned()),
        "json_element" => {
            let index = integer(text(1))?;
            out(usize::try_from(index).ok().and_then(|index| value.get(index)).cloned())
        }
        "json_query" | "json_extract" => found(false).and_then(out),
        "json_query_text" | "json_extract_text" => found(true).and_then(out),
        "json_value" | "json_extract_scalar" => Ok(found(true)?.and_then(|value| scalar(&value))),
        "json_query_array" | "json_extract_array" => out(found(false)?.filter(Value::is_array)),
        "json_query_texts" | "json_extract_texts" => Ok(found(true)?.and_then(|value| match value {
            Value::Array(items) => {
                let texts: Vec<Value> = items.iter().map(|item| Value::from(item.to_string())).collect();
                Some(Value::Array(texts).to_string())
            }
            _ => None,
        })),
        "json_value_array" | "json_extract_scalars" => Ok(found(true)?.and_then(|value| match value {
            Value::Array(items) => {
                let mut texts = Vec::new();
                for item in &items {
                    match (item, scalar(item)) {
                        (Value::Null, _) => texts.push(Value::Null),
                        (_, Some(text)) => texts.push(Value::from(text)),
                        _ => return None,
                    }
                }
                Some(Value::Array(texts).to_string())
            }
            _ => None,
        })),
        "json_keys" => {
            let depth = integer(text(1))?;
            let mut keys = Vec::new();
            collect_keys(&value, "", depth, &mut keys);
            keys.sort();
            keys.dedup();
            Ok(serde_json::to_string(&keys).ok())
        }
        "json_flatten" => {
            let mut items = Vec::new();
            flatten(value, &mut items);
            out(Some(Value::Array(items)))
        }
        "json_type" => Ok(Some(kind(&value).to_owned())),
        "json_strip_nulls" => out(Some(stripped(value).unwrap_or(Value::Null))),
        "json_remove" => {
            let mut value = value;
            for path in arguments.iter().skip(1) {
                let steps = Path::parse(path)?.steps;
                if steps.is_empty() {
                    return Err("The JSONPath cannot be '$'".to_owned());
                }
                remove(&mut value, &steps);
            }
            out(Some(value))
        }
        "json_set" | "json_array_append" | "json_array_insert" => changed(name, value, arguments),
        "json_bool" => match value {
            Value::Bool(own) => Ok(Some(own.to_string())),
            other => Err(wrong(&other, "bool")),
        },
        "json_string" => match value {
            Value::String(own) => Ok(Some(own)),
            other => Err(wrong(&other, "string")),
        },
        "json_int" => match whole(&value) {
            Some(number) => Ok(Some(number.to_string())),
            None => Err(wrong(&value, "int64")),
        },
        "json_float" => {
            wide_numbers(text(1))?;
            let Some(number) = value.as_f64() else { return Err(wrong(&value, "double")) };
            if text(1).eq_ignore_ascii_case("exact") && !keeps(&value.to_string()) {
                return Err(format!(
                    "JSON number: {value} cannot be converted to DOUBLE without loss of precision"
                ));
            }
            Ok(Some(format!("{number:e}")))
        }
        _ => Ok(lax(name, &value)),
    }
}

fn wrong(value: &Value, wanted: &str) -> String {
    format!(
        "The provided JSON input is not a{} {wanted}: {value}",
        if wanted.starts_with('i') { "n" } else { "" }
    )
}

/// A JSON number that is a whole number.
fn whole(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else { return None };
    if let Some(own) = number.as_i64() {
        return Some(own);
    }
    let own = number.as_f64().filter(|own| own.fract() == 0.0 && own.abs() < 9.2e18)?;
    format!("{own:.0}").parse().ok()
}

fn lax(name: &str, value: &Value) -> Option<String> {
    match (name, value) {
        ("lax_bool", Value::Bool(own)) => Some(own.to_string()),
        ("lax_bool", Value::Number(own)) => Some((own.as_f64() != Some(0.0)).to_string()),
        ("lax_bool", Value::String(own)) => {
            Some(own.to_lowercase()).filter(|own| matches!(own.as_str(), "true" | "false"))
        }
        ("lax_int", Value::Bool(own)) => Some(i64::from(*own).to_string()),
        ("lax_int", Value::Number(own)) => match own.as_i64() {
            Some(own) => Some(own.to_string()),
            None => rounded(own.as_f64()?),
        },
        ("lax_int", Value::String(own)) => match own.trim().parse::<i64>() {
            Ok(own) => Some(own.to_string()),
            Err(_) => rounded(own.trim().parse().ok()?),
        },
        ("lax_float", Value::Number(own)) => own.as_f64().map(|own| format!("{own:e}")),
        ("lax_float", Value::String(own)) => {
            let number = own.trim().parse::<f64>().ok()?;
            Some(if number.is_finite() { format!("{number:e}") } else { number.to_string() })
        }
        ("lax_string", Value::String(own)) => Some(own.clone()),
        ("lax_string", Value::Bool(own)) => Some(own.to_string()),
        ("lax_string", Value::Number(own)) => Some(own.to_string()),
        _ => None,
    }
}

fn rounded(number: f64) -> Option<String> {
    (number.abs() < 9.2e18).then(|| format!("{:.0}", number.round()))
}

fn float_text(text: &str) -> String {
    match text {
        "NaN" => "\"NaN\"".to_owned(),
        "inf" => "\"Infinity\"".to_owned(),
        "-inf" => "\"-Infinity\"".to_owned(),
        number => number.to_owned(),
    }
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("Invalid input to PARSE_JSON: {error}"))
}

/// Refuses an unknown way to treat numbers that a FLOAT64 does not keep.
fn wide_numbers(mode: &str) -> Result<(), String> {
    if mode.eq_ignore_ascii_case("exact") || mode.eq_ignore_ascii_case("round") {
        Ok(())
    } else {
        Err(format!("Invalid `wide_number_mode` specified: {mode}"))
    }
}

/// The text of JSON as BigQuery keeps it: members in the order of their names, no blanks.
pub(crate) fn normal(text: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    exact(text)?;
    Ok(sorted(value).to_string())
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(members.into_iter().collect())
        }
        other => other,
    }
}

/// The text of a scalar. `None` for NULL, arrays and objects.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(own) => Some(own.to_string()),
        _ => None,
    }
}

/// The values that are no arrays, of arrays at any depth.
fn flatten(value: Value, found: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| flatten(item, found)),
        other => found.push(other),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn object(arguments: &[&str]) -> Outcome {
    let mut members = Map::new();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { continue };
        let value = serde_json::from_str(value).map_err(|error| error.to_string())?;
        // The first of two members with one name stays.
        members.entry((*name).to_owned()).or_insert(value);
    }
    Ok(Some(sorted(Value::Object(members)).to_string()))
}

fn zipped(names: &str, values: &str) -> Outcome {
    let names: Vec<Option<String>> = serde_json::from_str(names).map_err(|error| error.to_string())?;
    let values: Vec<Value> = serde_json::from_str(values).map_err(|error| error.to_string())?;
    if names.len() != values.len() {
        return Err("The number of keys and values must match".to_owned());
    }
    let mut members = Map::new();
    for (name, value) in names.into_iter().zip(values) {
        let name = name.ok_or_else(|| "A key of JSON_OBJECT must not be NULL".to_owned())?;
        members.entry(name).or_insert(value);
    }
    Ok(Some(sorted(Value::Object(members)).to_string()))
}

fn collect_keys(value: &Value, prefix: &str, depth: i64, found: &mut Vec<String>) {
    let Value::Object(members) = value else { return };
    if depth <= 0 {
        return;
    }
    for (name, value) in members {
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let own = if is_plain { name.clone() } else { Value::from(name.as_str()).to_string() };
        let path = if prefix.is_empty() { own } else { format!("{prefix}.{own}") };
        found.push(path.clone());
        collect_keys(value, &path, depth - 1, found);
    }
}

fn stripped(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(stripped).collect())),
        Value::Object(members) => Some(Value::Object(
            members.into_iter().filter_map(|(name, value)| Some((name, stripped(value)?))).collect(),
        )),
        other => Some(other),
    }
}

fn step_mut<'v>(value: &'v mut Value, step: &Step) -> Option<&'v mut Value> {
    match step {
        Step::Member(name) => value.get_mut(name),
        Step::Element(index) => value.get_mut(index),
    }
}

fn remove(value: &mut Value, steps: &[Step]) {
    let Some((last, before)) = steps.split_last() else { return };
    let mut own = value;
    for step in before {
        match step_mut(own, step) {
            Some(inner) => own = inner,
            None => return,
        }
    }
    match (last, own) {
        (Step::Member(name), Value::Object(members)) => {
            members.shift_remove(name);
        }
        (Step::Element(index), Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

fn changed(name: &str, mut value: Value, arguments: &[&str]) -> Outcome {
    // Whether JSON_SET makes what is missing, and whether the elements of an array are added one by one.
    let is_on = arguments.get(1) == Some(&"true");
    for pair in arguments.get(2..).unwrap_or_default().chunks(2) {
        let [path, new] = pair else { continue };
        let path = Path::parse(path)?;
        let new: Value = serde_json::from_str(new).map_err(|error| error.to_string())?;
        if name == "json_set" {
            if is_on || path.find(&value).is_some() {
                set(&mut value, &path.steps, new);
            }
            continue;
        }
        let added = match new {
            Value::Array(more) if is_on => more,
            other => vec![other],
        };
        if name == "json_array_append" {
            append(&mut value, &path.steps, added);
        } else {
            insert(&mut value, &path.steps, added);
        }
    }
    Ok(Some(sorted(value).to_string()))
}

/// The longest array that JSON_SET fills up.
const LONGEST: usize = 1_000_000;

fn set(value: &mut Value, steps: &[Step], new: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *value = new;
        return;
    };
    if value.is_null() {
        *value = match step {
            Step::Member(_) => Value::Object(Map::new()),
            Step::Element(_) => Value::Array(Vec::new()),
        };
    }
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            set(members.entry(name.clone()).or_insert(Value::Null), rest, new);
        }
        (Step::Element(index), Value::Array(items)) if *index < LONGEST => {
            if items.len() <= *index {
                items.resize(index + 1, Value::Null);
            }
            if let Some(own) = items.get_mut(*index) {
                set(own, rest, new);
            }
        }
        _ => {}
    }
}

fn append(value: &mut Value, steps: &[Step], new: Vec<Value>) {
    let mut own = value;
    for step in steps {
        match step_mut(own, step) {
            Some(inner) => own = inner,
            None => return,
        }
    }
    if own.is_null() {
        *own = Value::Array(Vec::new());
    }
    if let Value::Array(items) = own {
        items.extend(new);
    }
}

fn insert(value: &mut Value, steps: &[Step], new: Vec<Value>) {
    let Some((Step::Element(index), before)) = steps.split_last() else { return };
    let mut own = value;
    for step in before {
        match step_mut(own, step) {
            Some(inner) => own = inner,
            None => return,
        }
    }
    if own.is_null() {
        *own = Value::Array(Vec::new());
    }
    if let Value::Array(items) = own
        && *index < LONGEST
    {
        if items.len() < *index {
            items.resize(*index, Value::Null);
        }
        items.splice(*index..*index, new);
    }
}
