//! Evaluates Pebble's operators (docs/kestra.md 3.4).
//!
//! [`crate::runtime`] handles undefined operands, so the functions here never get one. To add an operator, add a
//! function here, a line in the table of `flow`, and an arm in the translator.

use crate::error::{Fault, Outcome};
use crate::java::{self, as_double, as_long};
use crate::nesting;
use crate::run::Run;
use crate::value::{is_list, is_map, items, pairs};
use minijinja::Value;
use minijinja::value::ValueKind;
use std::cmp::Ordering;

/// Evaluates `a ~ b`. Null is an empty text. Other values are their Java text.
pub(crate) fn concat(run: &Run, operands: &[Value]) -> Outcome {
    run.charge(operands.iter().filter_map(Value::as_str).map(str::len).sum::<usize>() / 32)?;
    let mut text = String::new();
    for operand in operands {
        nesting::weigh(run, operand)?;
        match operand.as_str() {
            Some(part) => text.push_str(part),
            None if operand.is_none() => {}
            None => text.push_str(&java::to_string(operand)),
        }
    }
    run.charge(text.len() / 32)?;
    Ok(Value::from(text))
}

/// Evaluates one operator of a chain of `+ - * / %`.
pub(crate) fn arithmetic(run: &Run, op: &str, left: &Value, right: &Value) -> Outcome {
    match op {
        "+" if left.as_str().is_some() || right.as_str().is_some() => {
            nesting::weigh(run, left)?;
            nesting::weigh(run, right)?;
            let text = java::to_string(left) + &java::to_string(right);
            run.charge(text.len() / 32)?;
            return Ok(Value::from(text));
        }
        "+" if is_list(left) => {
            let mut all = items(left);
            if is_list(right) {
                all.extend(items(right))
            } else {
                nesting::check(run, [right])?;
                all.push(right.clone())
            }
            // A copied item costs an eighth of a step, so a template can build a list item by item.
            run.charge(1 + all.len() / 8)?;
            return Ok(Value::from(all));
        }
        "-" if is_list(left) => {
            let removed = if is_list(right) { items(right) } else { vec![right.clone()] };
            let mut kept = items(left);
            run.charge(kept.len().saturating_mul(removed.len()))?;
            nesting::weigh_times(run, left, removed.len())?;
            kept.retain(|item| !removed.iter().any(|other| equal(item, other)));
            return Ok(Value::from(kept));
        }
        _ => {}
    }
    match (operand(left, op), operand(right, op)) {
        (Some(Number::Long(a)), Some(Number::Long(b))) => long(op, a, b),
        (Some(a), Some(b)) => Ok(Value::from(float(op, a.double(), b.double()))),
        _ => Err(format!(
            "invalid operands for mathematical operation [{}]: {} and {}",
            operation_name(op),
            java::class_name(left),
            java::class_name(right)
        )
        .into()),
    }
}

fn operation_name(op: &str) -> &'static str {
    match op {
        "+" => "ADD",
        "-" => "SUBTRACT",
        "*" => "MULTIPLICATION",
        "/" => "DIVISION",
        _ => "MODULUS",
    }
}

#[derive(Clone, Copy)]
enum Number {
    Long(i64),
    Double(f64),
}

impl Number {
    fn double(self) -> f64 {
        match self {
            Self::Long(int) => int as f64,
            Self::Double(float) => float,
        }
    }
}

/// The operand as a number. Except for `+`, a text with a number is accepted.
fn operand(value: &Value, op: &str) -> Option<Number> {
    if let Some(text) = value.as_str().filter(|_| op != "+") {
        let text = text.trim();
        let starts = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.');
        if !text.starts_with(starts) {
            return None;
        }
        return text.parse().map(Number::Long).or_else(|_| text.parse().map(Number::Double)).ok();
    }
    if value.is_integer()
        && let Some(int) = value.as_i64()
    {
        return Some(Number::Long(int));
    }
    as_double(value).map(Number::Double)
}

fn long(op: &str, a: i64, b: i64) -> Outcome {
    Ok(Value::from(match op {
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        _ if b == 0 => return Err("/ by zero".into()),
        "/" => a.wrapping_div(b),
        _ => a.wrapping_rem(b),
    }))
}

fn float(op: &str, a: f64, b: f64) -> f64 {
    match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        _ => a % b,
    }
}

/// Evaluates `==`. Numbers are compared as doubles. Other values are compared with [`equal`].
pub(crate) fn equals(left: &Value, right: &Value) -> bool {
    match (as_double(left), as_double(right)) {
        (Some(left), Some(right)) => left == right,
        _ => equal(left, right),
    }
}

/// Whether two values in a list are equal. Integers and doubles with the same number are equal. Other values must have
/// the same type and content.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left.kind(), right.kind()) {
        (ValueKind::Number, ValueKind::Number) => compare_numbers(left, right) == Some(Ordering::Equal),
        (ValueKind::Map, ValueKind::Map) => {
            let entries = pairs(left);
            left.len() == right.len()
                && entries.iter().all(|(key, item)| {
                    right.get_item(key).is_ok_and(|other| !other.is_undefined() && equal(item, &other))
                })
        }
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable) => {
            let (left, right) = (items(left), items(right));
            left.len() == right.len() && left.iter().zip(&right).all(|(a, b)| equal(a, b))
        }
        (ValueKind::Undefined | ValueKind::None, ValueKind::Undefined | ValueKind::None) => true,
        (a, b) if a == b => left == right,
        _ => false,
    }
}

fn compare_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    if left.is_integer() && right.is_integer() {
        return i128::try_from(left.clone()).ok()?.partial_cmp(&i128::try_from(right.clone()).ok()?);
    }
    as_double(left)?.partial_cmp(&as_double(right)?)
}

/// The order of two values. `None` if one of the values is null or not a number (NaN).
///
/// # Errors
/// If the values have no order, for example a number and a text, two maps, or two lists.
pub(crate) fn order(left: &Value, right: &Value, comparison: &str) -> Result<Option<Ordering>, Fault> {
    if left.is_none() || right.is_none() {
        return Ok(None);
    }
    match (left.kind(), right.kind()) {
        (ValueKind::Number, ValueKind::Number) => Ok(compare_numbers(left, right)),
        (ValueKind::String, ValueKind::String) => Ok(left.as_str().partial_cmp(&right.as_str())),
        _ => Err(format!(
            "invalid operands for mathematical comparison [{comparison}]: {} and {}",
            java::class_name(left),
            java::class_name(right)
        )
        .into()),
    }
}

/// The order of two values for `<` and similar operators. Like [`order`], but numbers are compared as doubles.
///
/// # Errors
/// As [`order`].
pub(crate) fn comparison(left: &Value, right: &Value, comparison: &str) -> Result<Option<Ordering>, Fault> {
    match (as_double(left), as_double(right)) {
        (Some(left), Some(right)) => Ok(left.partial_cmp(&right)),
        _ => order(left, right, comparison),
    }
}

/// Evaluates `left contains right`.
pub(crate) fn contains(run: &Run, left: &Value, right: &Value) -> Result<bool, Fault> {
    if left.is_none() {
        return Ok(false);
    }
    if is_list(left) {
        let looked_for = if is_list(right) { right.len().unwrap_or(0) } else { 1 };
        nesting::weigh_times(run, left, looked_for)?;
        let all = items(left);
        let has = |wanted: &Value| all.iter().any(|item| equal(item, wanted));
        return Ok(if is_list(right) { items(right).iter().all(has) } else { has(right) });
    }
    if is_map(left) {
        return Ok(has_key(left, right));
    }
    if let Some(text) = left.as_str() {
        return Ok(match right.as_str() {
            Some(part) => text.contains(part),
            None => {
                nesting::weigh(run, right)?;
                text.contains(&java::to_string(right))
            }
        });
    }
    Err(format!(
        "Contains operator can only be used on Collections, Maps and arrays. Actual type was: {}",
        java::class_name(left)
    )
    .into())
}

fn has_key(map: &Value, key: &Value) -> bool {
    if key.as_str().is_some() {
        return map.get_item(key).is_ok_and(|value| !value.is_undefined());
    }
    pairs(map).iter().any(|(known, _)| equal(known, key))
}

/// Evaluates `left in right`. This is `right contains left`, but only for lists and maps.
pub(crate) fn is_in(run: &Run, left: &Value, right: &Value) -> Result<bool, Fault> {
    if right.is_none() {
        return Ok(false);
    }
    if is_list(right) || is_map(right) {
        return contains(run, right, left);
    }
    Err(format!(
        "The 'in' operator expects a list or a map on its right side. Actual type was: {}",
        java::class_name(right)
    )
    .into())
}

/// The truth of a value in Pebble. `None` for null.
///
/// # Errors
/// If the value is a list or a map.
pub(crate) fn truth(value: &Value) -> Result<Option<bool>, Fault> {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => Ok(None),
        ValueKind::Bool => Ok(Some(value.is_true())),
        ValueKind::Number => {
            Ok(Some(as_double(value).is_some_and(|number| number != 0.0 && !number.is_nan())))
        }
        ValueKind::String => Ok(Some(value.as_str().is_some_and(|text| !text.is_empty()))),
        _ => Err(format!(
            "Unsupported value type {}. Expected Boolean, String, Number in condition",
            java::class_name(value)
        )
        .into()),
    }
}

/// Evaluates `start..end` and `range(start, end, increment)`. The end is included.
pub(crate) fn range(run: &Run, start: &Value, end: &Value, increment: i64) -> Outcome {
    if increment == 0 {
        return Err("The increment of the range function must be different than 0".into());
    }
    let (from, to, characters) = match (single_char(start), single_char(end)) {
        (Some(from), Some(to)) => (i64::from(u32::from(from)), i64::from(u32::from(to)), true),
        _ => match (as_long(start), as_long(end)) {
            (Some(from), Some(to)) => (from, to, false),
            _ => {
                return Err(
                    "Arguments of range function must be of type Number or String with a length of 1".into(),
                );
            }
        },
    };
    let span = (i128::from(to) - i128::from(from)) / i128::from(increment);
    if span < 0 || (from > to) != (increment < 0) && from != to {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    let count = usize::try_from(span + 1).unwrap_or(usize::MAX);
    run.charge(count)?;
    let mut all = Vec::with_capacity(count);
    let mut current = from;
    for _ in 0..count {
        all.push(match u32::try_from(current).ok().and_then(char::from_u32).filter(|_| characters) {
            Some(c) => Value::from(c.to_string()),
            None => Value::from(current),
        });
        current = current.wrapping_add(increment);
    }
    Ok(Value::from(all))
}

fn single_char(value: &Value) -> Option<char> {
    let mut chars = value.as_str()?.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}
