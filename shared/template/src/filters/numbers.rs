//! Filters on numbers.

use super::{decimal, input, wrong_input};
use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::java::{as_double, as_long};
use crate::run::Run;
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("abs", &[], abs),
    builtin("number", &["type"], number),
    builtin("numberFormat", &["format"], number_format),
];

fn abs(_: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    if let Some(int) = as_long(value).filter(|_| value.is_integer()) {
        return Ok(Value::from(int.wrapping_abs()));
    }
    as_double(value).map(|float| Value::from(float.abs())).ok_or_else(|| wrong_input(args, "Number", value))
}

fn number(_: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let text = value.as_str().ok_or_else(|| {
        let class = crate::java::class_name(value);
        Fault::from(format!("'number' filter can only be applied to String. Actual type was: {class}"))
    })?;
    let invalid = || Fault::from(format!("'{text}' is not a valid number"));
    let kind = args.optional_text(1, "type")?.unwrap_or_default();
    Ok(match kind {
        "INT" => {
            Value::from(i64::from(integer(text).and_then(|int| i32::try_from(int).ok()).ok_or_else(invalid)?))
        }
        "LONG" => Value::from(integer(text).and_then(|int| i64::try_from(int).ok()).ok_or_else(invalid)?),
        "BIGINTEGER" => big(integer(text).ok_or_else(invalid)?),
        "FLOAT" => Value::from(single(text).ok_or_else(invalid)?),
        "DOUBLE" | "BIGDECIMAL" => Value::from(float(text).ok_or_else(invalid)?),
        "" => match integer(text) {
            Some(int) => big(int),
            None => Value::from(float(text).ok_or_else(invalid)?),
        },
        _ => {
            return Err(format!(
                "The 'number' filter expects an argument 'type' of INT, FLOAT, LONG, DOUBLE, BIGDECIMAL or \
                 BIGINTEGER, found '{kind}'"
            )
            .into());
        }
    })
}

/// Parses a whole number: decimal, or hexadecimal after `0x` or `#`. White space is not allowed.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let hexadecimal = ["0x", "0X", "#"].iter().find_map(|prefix| digits.strip_prefix(prefix));
    let int = match hexadecimal {
        Some(digits) => i128::from_str_radix(digits, 16).ok()?,
        None => digits.trim_end_matches(['L', 'l']).parse().ok()?,
    };
    Some(if negative { -int } else { int })
}

fn float(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(['f', 'F', 'd', 'D']);
    let plain = digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    digits.parse().ok().filter(|_| plain)
}

/// Parses a Java `Float`. Java prints the digits of a `Float`, so the result is the double with the same digits.
fn single(text: &str) -> Option<f64> {
    let narrowed = float(text)? as f32;
    narrowed.to_string().parse().ok()
}

fn big(int: i128) -> Value {
    i64::try_from(int).map_or_else(|_| Value::from(int), Value::from)
}

fn number_format(_: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let number = as_double(value).ok_or_else(|| wrong_input(args, "Number", value))?;
    let pattern = args.optional_text(1, "format")?.unwrap_or("#,##0.###");
    let exact = as_long(value).filter(|_| value.is_integer());
    Ok(Value::from(decimal::format(pattern, number, exact)?))
}
