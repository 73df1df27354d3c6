//! Evaluates `base.key`, `base[key]` and the few Java methods that flows call.
//!
//! To add a method, add an arm to [`method`].

use crate::error::{Fault, Outcome};
use crate::missing::{is_missing, missing};
use crate::run::Run;
use crate::unreadable::readable;
use crate::value::{is_list, is_map, items, pairs};
use crate::{java, ops};
use minijinja::Value;
use minijinja::value::ValueKind;

/// Follows keys from a value. A key that does not exist gives an undefined value.
pub(crate) fn follow(base: Value, keys: &[Value], line: u32) -> Value {
    let mut current = base;
    for key in keys {
        // An undefined or unreadable value is returned unchanged for every key. The error is raised where an expression
        // uses the value.
        if is_missing(&current) || readable(&current).is_err() {
            return current;
        }
        if is_missing(key) {
            return key.clone();
        }
        current = attribute(&current, key).unwrap_or_else(|| missing(&java::to_string(key), line));
    }
    current
}

fn attribute(base: &Value, key: &Value) -> Option<Value> {
    let found = match base.kind() {
        ValueKind::Map => match key.as_str() {
            Some(name) => base.get_attr(name),
            None => return by_other_key(base, key),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            let index = match key.as_str() {
                Some(digits) => digits.parse().ok()?,
                None => usize::try_from(java::as_long(key)?).ok()?,
            };
            base.get_item_by_index(index)
        }
        ValueKind::Plain => base.get_attr(key.as_str()?),
        _ => return None,
    };
    found.ok().filter(|value| !value.is_undefined())
}

/// Looks up a key as it is, and then as a text, because the keys of JSON are texts.
fn by_other_key(base: &Value, key: &Value) -> Option<Value> {
    let direct = base.get_item(key).ok().filter(|value| !value.is_undefined());
    direct.or_else(|| base.get_attr(&java::to_string(key)).ok().filter(|value| !value.is_undefined()))
}

/// Calls `base.name(arguments)`.
pub(crate) fn method(run: &Run, base: &Value, name: &str, arguments: &[Value], line: u32) -> Outcome {
    let result = if let Some(text) = base.as_str() {
        text_method(run, text, name, arguments)?
    } else if is_list(base) {
        list_method(base, name, arguments)?
    } else if is_map(base) {
        map_method(base, name, arguments)?
    } else if name == "toString" {
        Some(Value::from(java::to_string(base)))
    } else {
        None
    };
    Ok(result.unwrap_or_else(|| missing(name, line)))
}

type Found = Result<Option<Value>, Fault>;

fn text_method(run: &Run, text: &str, name: &str, arguments: &[Value]) -> Found {
    let part = |index: usize| arguments.get(index).and_then(Value::as_str);
    Ok(Some(match (name, part(0), part(1)) {
        ("length", ..) => Value::from(text.encode_utf16().count()),
        ("isEmpty", ..) => Value::from(text.is_empty()),
        ("isBlank", ..) => Value::from(text.trim().is_empty()),
        ("toUpperCase", ..) => Value::from(text.to_uppercase()),
        ("toLowerCase", ..) => Value::from(text.to_lowercase()),
        ("trim" | "strip", ..) => Value::from(text.trim()),
        ("toString", ..) => Value::from(text),
        ("contains", Some(part), _) => Value::from(text.contains(part)),
        ("startsWith", Some(part), _) => Value::from(text.starts_with(part)),
        ("endsWith", Some(part), _) => Value::from(text.ends_with(part)),
        ("equals", Some(part), _) => Value::from(text == part),
        ("equalsIgnoreCase", Some(part), _) => Value::from(text.to_lowercase() == part.to_lowercase()),
        ("concat", Some(part), _) => Value::from(format!("{text}{part}")),
        ("indexOf", Some(part), _) => position(text, text.find(part)),
        ("lastIndexOf", Some(part), _) => position(text, text.rfind(part)),
        ("replace", Some(from), Some(to)) => {
            let replaced = text.replace(from, to);
            run.charge(replaced.len() / 32)?;
            Value::from(replaced)
        }
        ("substring", ..) => {
            let index = |index: usize| arguments.get(index).and_then(java::as_long);
            let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            let (from, to) = (index(0).unwrap_or(0), index(1).unwrap_or(count));
            if from < 0 || to > count || from > to {
                return Err(format!("begin {from}, end {to}, length {count}").into());
            }
            let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
            Value::from(text.chars().skip(from).take(to - from).collect::<String>())
        }
        _ => return Ok(None),
    }))
}

fn position(text: &str, found: Option<usize>) -> Value {
    let before = found.and_then(|bytes| text.get(..bytes));
    Value::from(before.map_or(-1, |before| i64::try_from(before.chars().count()).unwrap_or(i64::MAX)))
}

fn list_method(list: &Value, name: &str, arguments: &[Value]) -> Found {
    let first = arguments.first();
    Ok(match (name, first) {
        ("size", _) => Some(Value::from(items(list).len())),
        ("isEmpty", _) => Some(Value::from(items(list).is_empty())),
        ("contains", Some(item)) => {
            Some(Value::from(items(list).iter().any(|known| ops::equal(known, item))))
        }
        ("get", Some(index)) => attribute(list, index),
        ("indexOf", Some(item)) => {
            let index = items(list).iter().position(|known| ops::equal(known, item));
            Some(Value::from(index.map_or(-1, |index| i64::try_from(index).unwrap_or(i64::MAX))))
        }
        ("toString", _) => Some(Value::from(java::to_string(list))),
        _ => None,
    })
}

fn map_method(map: &Value, name: &str, arguments: &[Value]) -> Found {
    let first = arguments.first();
    Ok(match (name, first) {
        ("size", _) => Some(Value::from(pairs(map).len())),
        ("isEmpty", _) => Some(Value::from(pairs(map).is_empty())),
        ("containsKey", Some(key)) => Some(Value::from(attribute(map, key).is_some())),
        ("get", Some(key)) => Some(attribute(map, key).unwrap_or_else(|| Value::from(()))),
        ("getOrDefault", Some(key)) => attribute(map, key).or_else(|| arguments.get(1).cloned()),
        ("keySet", _) => Some(pairs(map).into_iter().map(|(key, _)| key).collect::<Vec<_>>().into()),
        ("values", _) => Some(pairs(map).into_iter().map(|(_, value)| value).collect::<Vec<_>>().into()),
        ("toString", _) => Some(Value::from(java::to_string(map))),
        _ => None,
    })
}
