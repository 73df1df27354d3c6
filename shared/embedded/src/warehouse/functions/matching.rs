//! CONTAINS_SUBSTR and EDIT_DISTANCE.

use super::bytes::bytes;
use super::{Outcome, integer, unicode};
use serde_json::Value;

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    Some(match (name, arguments) {
        ("contains_substr", [text, part]) => contains(text, part).map(|found| Some(found.to_string())),
        ("contains_substr_json", [json, part, scope]) => contains_json(json, part, scope),
        ("edit_distance", [left, right, most @ ..]) => {
            let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
            bounded(&left, &right, most)
        }
        ("bytes_edit_distance", [left, right, most @ ..]) => bytes(left)
            .and_then(|left| bytes(right).map(|right| (left, right)))
            .and_then(|(left, right)| bounded(&left, &right, most)),
        _ => return None,
    })
}

/// A text as CONTAINS_SUBSTR compares it.
fn comparable(text: &str) -> Result<String, String> {
    if text.is_ascii() {
        return Ok(text.to_ascii_lowercase());
    }
    unicode::folded(text, "NFKC", "CONTAINS_SUBSTR")
}

fn contains(text: &str, part: &str) -> Result<bool, String> {
    Ok(comparable(text)?.contains(&comparable(part)?))
}

fn contains_json(json: &str, part: &str, scope: &str) -> Outcome {
    let own: Value = serde_json::from_str(json).map_err(|error| format!("Invalid JSON value: {error}"))?;
    let mut texts = Vec::new();
    collect(&own, scope != "JSON_VALUES", scope != "JSON_KEYS", &mut texts);
    let mut has_null = false;
    for text in texts {
        match text {
            Some(text) if contains(&text, part)? => return Ok(Some("true".to_owned())),
            Some(_) => {}
            None => has_null = true,
        }
    }
    if has_null {
        return Err(
            "CONTAINS_SUBSTR of JSON with null and without the text is not supported by the embedded \
                    warehouse. Run this statement on BigQuery"
                .to_owned(),
        );
    }
    Ok(Some("false".to_owned()))
}

/// The texts of JSON that are searched. `None` is a JSON null.
fn collect(json: &Value, keys: bool, values: bool, found: &mut Vec<Option<String>>) {
    match json {
        Value::Array(items) => {
            for item in items {
                collect(item, keys, values, found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                if keys {
                    found.push(Some(key.clone()));
                }
                collect(member, keys, values, found);
            }
        }
        Value::String(text) if values => found.push(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) if values => found.push(Some(json.to_string())),
        Value::Null if values => found.push(None),
        _ => {}
    }
}

fn bounded<T: PartialEq>(left: &[T], right: &[T], most: &[&str]) -> Outcome {
    let distance = edit_distance(left, right);
    let Some(most) = most.first() else { return Ok(Some(distance.to_string())) };
    let most = usize::try_from(integer(most)?)
        .map_err(|_| "max_distance of EDIT_DISTANCE must not be negative".to_owned())?;
    Ok(Some(distance.min(most).to_string()))
}

/// The number of changes between two texts or bytes.
pub(crate) fn edit_distance<T: PartialEq>(left: &[T], right: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, a) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            before = replaced.min(*cell + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}
