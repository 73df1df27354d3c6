//! Functions of JSON. The values come and go as texts.

use super::json_digits::{exact, keeps};
use super::json_keys::{Arrays, collect_keys};
use super::json_path::{Path, Quoting};
use super::json_text::{as_written, number, read, read_as_written, write, write_pretty};
use super::numbers::float_text;
use super::{Outcome, integer, json_change};
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
        "json_float_text" => return Ok(Some(float_member(text(0), false))),
        "json_number" => return Ok(Some(float_member(text(0), true))),
        "json_exact" => return exact_decimal(text(0), text(1)),
        "json_quoted" => return Ok(Some(quoted_decimal(text(0)))),
        "json_interval" => return interval(arguments),
        "json_parse" => {
            wide_numbers(text(1))?;
            if text(1).eq_ignore_ascii_case("exact") {
                exact(text(0)).map_err(|message| format!("Invalid input to PARSE_JSON: {message}"))?;
            }
            return parsed(text(0)).map(|value| Some(write(&sorted(value))));
        }
        "json_object" => return object(arguments),
        "json_zip" => return zipped(text(0), text(1)),
        _ => {}
    }
    // Functions of texts return NULL for a text that is no JSON.
    let extracts = ["json_query", "json_extract", "json_value", "json_member", "json_element"];
    let value = if extracts.iter().any(|own| name.starts_with(own)) {
        read_as_written(text(0))
    } else {
        read(text(0)).ok()
    };
    let Some(value) = value else { return Ok(None) };
    let out = |value: Option<Value>| Ok(value.as_ref().map(write));
    let quoting = if name.starts_with("json_extract") { Quoting::Legacy } else { Quoting::Standard };
    let found = |of_text: bool| -> Result<Option<Value>, String> {
        let path = Path::parse(text(1), quoting)?;
        let found = path.find(&value);
        Ok(found.filter(|found| !(of_text && found.is_null())))
    };
    match name {
        "json_normal" => out(Some(sorted(value))),
        "json_pretty" => Ok(Some(write_pretty(&value))),
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
                let texts: Vec<Value> = items.iter().map(|item| Value::from(write(item))).collect();
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
            if depth <= 0 {
                return Err("max_depth must be positive.".to_owned());
            }
            let arrays = Arrays::named(text(2))?;
            let mut keys = Vec::new();
            collect_keys(&value, "", depth, arrays, &mut keys);
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
        "json_strip_nulls" => {
            let (steps, is_on) =
                (Path::parse(text(1), Quoting::Standard)?.steps, |index: usize| text(index) == "true");
            let mut value = value;
            json_change::strip_nulls(&mut value, &steps, is_on(2), is_on(3));
            out(Some(value))
        }
        "json_remove" => {
            let mut value = value;
            for path in arguments.iter().skip(1) {
                let steps = Path::parse(path, Quoting::Standard)?.steps;
                if steps.is_empty() {
                    return Err("The JSONPath cannot be '$'".to_owned());
                }
                json_change::remove(&mut value, &steps);
            }
            out(Some(value))
        }
        "json_set" | "json_array_append" | "json_array_insert" => {
            json_change::changed(name, value, arguments).map(|value| Some(write(&sorted(value))))
        }
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
            if text(1).eq_ignore_ascii_case("exact") && !keeps(&write(&value)) {
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
    let own = number.as_f64().filter(|own| own.fract() == 0.0 && own.abs() < 9_223_372_036_854_775_808.0)?;
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
        ("lax_string", Value::Number(own)) => match own.as_f64().filter(|_| own.is_f64()) {
            Some(float) => Some(float_text(float)),
            None => Some(own.to_string()),
        },
        _ => None,
    }
}

fn rounded(number: f64) -> Option<String> {
    (number.abs() < 9_223_372_036_854_775_808.0).then(|| format!("{:.0}", number.round()))
}

/// A FLOAT64 in JSON, from its text. `is_value`: as a value of the type JSON writes the number.
fn float_member(text: &str, is_value: bool) -> String {
    match text {
        "NaN" => "\"NaN\"".to_owned(),
        "inf" => "\"Infinity\"".to_owned(),
        "-inf" => "\"-Infinity\"".to_owned(),
        own if is_value => own.parse().map_or_else(|_| own.to_owned(), number),
        own => own.to_owned(),
    }
}

/// A decimal of this type as a number of JSON, which is an integer of 64 bits or a FLOAT64.
fn exact_decimal(ty: &str, text: &str) -> Outcome {
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() || keeps(text) {
        Ok(Some(text.to_owned()))
    } else {
        Err(format!("Failed to convert type {ty} to JSON"))
    }
}

/// A decimal as a number of JSON, or as a text if a FLOAT64 does not keep the number.
fn quoted_decimal(text: &str) -> String {
    let is_kept = match text.parse::<i128>() {
        Ok(whole) => whole.unsigned_abs() <= 1 << 53,
        Err(_) => keeps(text),
    };
    if is_kept { text.to_owned() } else { format!("\"{text}\"") }
}

/// An interval in JSON, as ISO 8601 writes it. The arguments are months, days and microseconds.
fn interval(parts: &[&str]) -> Outcome {
    let [months, days, micros] = parts else { return Ok(None) };
    let (months, days, micros) = (integer(months)?, integer(days)?, integer(micros)?);
    let mut out = "P".to_owned();
    let add = |out: &mut String, number: i64, unit: char| {
        if number != 0 {
            out.push_str(&format!("{number}{unit}"));
        }
    };
    add(&mut out, months / 12, 'Y');
    add(&mut out, months % 12, 'M');
    add(&mut out, days, 'D');
    if micros != 0 {
        out.push('T');
        add(&mut out, micros / 3_600_000_000, 'H');
        add(&mut out, micros / 60_000_000 % 60, 'M');
        let (second, fraction) = (micros / 1_000_000 % 60, micros.unsigned_abs() % 1_000_000);
        let fraction = format!(".{fraction:06}");
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        if second != 0 || !fraction.is_empty() {
            let sign = if micros < 0 { "-" } else { "" };
            out.push_str(&format!("{sign}{}{fraction}S", second.abs()));
        }
    }
    if out.len() == 1 {
        out.push_str("0Y");
    }
    Ok(Some(format!("\"{out}\"")))
}

fn parsed(text: &str) -> Result<Value, String> {
    read(text).map_err(|error| format!("Invalid input to PARSE_JSON: {error}"))
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
    let value = read(text)?;
    exact(text)?;
    Ok(write(&sorted(value)))
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
        Value::String(text) => Some(as_written(value).unwrap_or(text).to_owned()),
        Value::Number(_) | Value::Bool(_) => Some(write(value)),
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
        let value = read(value)?;
        // The first of two members with one name stays.
        members.entry((*name).to_owned()).or_insert(value);
    }
    Ok(Some(write(&sorted(Value::Object(members)))))
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
    Ok(Some(write(&sorted(Value::Object(members)))))
}
