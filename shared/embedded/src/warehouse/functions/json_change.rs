//! Functions that change JSON: JSON_SET, JSON_REMOVE, JSON_STRIP_NULLS, and those that add to arrays.

use super::json_path::{Path, Quoting, Step};
use super::json_text::read;
use serde_json::{Map, Value};

/// A value without the nulls of objects, and those of arrays if `in_arrays`. `removes_empty`: also without objects, and
/// arrays if `in_arrays`, that have nothing left.
fn stripped(value: Value, in_arrays: bool, removes_empty: bool) -> Option<Value> {
    let inner = |value| stripped(value, in_arrays, removes_empty);
    match value {
        Value::Null => None,
        Value::Array(items) if in_arrays => {
            let items: Vec<Value> = items.into_iter().filter_map(inner).collect();
            (!(removes_empty && items.is_empty())).then_some(Value::Array(items))
        }
        Value::Array(items) => {
            let kept = |item: Value| {
                let empty = if item.is_object() { Value::Object(Map::new()) } else { Value::Null };
                inner(item).unwrap_or(empty)
            };
            Some(Value::Array(items.into_iter().map(kept).collect()))
        }
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.into_iter().filter_map(|(name, value)| Some((name, inner(value)?))).collect();
            (!(removes_empty && members.is_empty())).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

/// JSON_STRIP_NULLS of the value at a path.
pub(super) fn strip_nulls(value: &mut Value, steps: &[Step], in_arrays: bool, removes_empty: bool) {
    if let Some(own) = at(value, steps) {
        *own = stripped(own.take(), in_arrays, removes_empty).unwrap_or(Value::Null);
    }
}

/// The value at a path.
fn at<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, step_mut)
}

fn step_mut<'v>(value: &'v mut Value, step: &Step) -> Option<&'v mut Value> {
    match step {
        Step::Member(name) => value.get_mut(name),
        Step::Element(index) => value.get_mut(index),
    }
}

/// Removes the value at a path.
pub(super) fn remove(value: &mut Value, steps: &[Step]) {
    let Some((last, before)) = steps.split_last() else { return };
    let Some(own) = at(value, before) else { return };
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

/// A value after JSON_SET, JSON_ARRAY_APPEND or JSON_ARRAY_INSERT.
pub(super) fn changed(name: &str, mut value: Value, arguments: &[&str]) -> Result<Value, String> {
    // Whether JSON_SET makes what is missing, and whether the elements of an array are added one by one.
    let is_on = arguments.get(1) == Some(&"true");
    for pair in arguments.get(2..).unwrap_or_default().chunks(2) {
        let [path, new] = pair else { continue };
        let path = Path::parse(path, Quoting::Standard)?;
        let new = read(new)?;
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
    Ok(value)
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
    let Some(own) = at(value, steps) else { return };
    if own.is_null() {
        *own = Value::Array(Vec::new());
    }
    if let Value::Array(items) = own {
        items.extend(new);
    }
}

fn insert(value: &mut Value, steps: &[Step], new: Vec<Value>) {
    let Some((Step::Element(index), before)) = steps.split_last() else { return };
    let Some(own) = at(value, before) else { return };
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
