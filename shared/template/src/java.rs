//! Writes values as Java does, and JSON as Jackson does: `1.0`, `{a=1}`, `{"a":1}`.
//!
//! Expressions for Kestra rely on these texts, so Segue writes the same texts (docs/kestra.md 3.1 and 3.4).

use crate::collections::{Entry, items, pairs};
use minijinja::Value;
use minijinja::value::ValueKind;
use std::fmt::Write as _;

/// The text that `{{ value }}` prints. Null prints nothing. Maps and lists are JSON without spaces. Other values are
/// written as Java writes them.
pub(crate) fn print(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => String::new(),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => to_json(value),
        _ => to_string(value),
    }
}

/// The text of Java's `String.valueOf(value)`.
pub(crate) fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write_string(value, &mut out);
    out
}

fn write_string(value: &Value, out: &mut String) {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => write_number(value, out),
        ValueKind::Map => {
            out.push('{');
            for (index, (key, item)) in pairs(value).iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_string(key, out);
                out.push('=');
                write_string(item, out);
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, item) in items(value).iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_string(item, out);
            }
            out.push(']');
        }
        _ => match (value.as_str(), value.downcast_object_ref::<Entry>()) {
            (Some(text), _) => out.push_str(text),
            (None, Some(entry)) => {
                write_string(&entry.key, out);
                out.push('=');
                write_string(&entry.value, out);
            }
            // Writing to a String cannot fail.
            (None, None) => drop(write!(out, "{value}")),
        },
    }
}

fn write_number(value: &Value, out: &mut String) {
    if value.is_integer() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{value}");
    } else {
        out.push_str(&double(f64::try_from(value.clone()).unwrap_or(f64::NAN)));
    }
}

/// The text of Java's `Double.toString(double)`.
pub(crate) fn double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let fraction = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{fraction}E{exponent}")
}

/// JSON without spaces, as Jackson writes it.
pub(crate) fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => {
            let finite = value.is_integer() || f64::try_from(value.clone()).is_ok_and(f64::is_finite);
            if finite {
                write_number(value, out);
            } else {
                write_json_string(&to_string(value), out);
            }
        }
        ValueKind::Map => {
            out.push('{');
            for (index, (key, item)) in pairs(value).iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                match key.as_str() {
                    Some(key) => write_json_string(key, out),
                    None => write_json_string(&to_string(key), out),
                }
                out.push(':');
                write_json(item, out);
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, item) in items(value).iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_json(item, out);
            }
            out.push(']');
        }
        _ => {
            if let Some(entry) = value.downcast_object_ref::<Entry>() {
                out.push('{');
                write_json_string(&to_string(&entry.key), out);
                out.push(':');
                write_json(&entry.value, out);
                out.push('}');
            } else {
                write_json_string(&to_string(value), out);
            }
        }
    }
}

fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            // Writing to a String cannot fail.
            c if u32::from(c) < 0x20 => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The name of the Java class of such a value in Kestra.
pub(crate) fn class_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => "null",
        ValueKind::Bool => "java.lang.Boolean",
        ValueKind::Number if !value.is_integer() => "java.lang.Double",
        ValueKind::Number if value.as_i64().is_none() => "java.math.BigInteger",
        ValueKind::Number => "java.lang.Long",
        ValueKind::String => "java.lang.String",
        ValueKind::Map => "java.util.LinkedHashMap",
        ValueKind::Seq | ValueKind::Iterable => "java.util.ArrayList",
        _ => "java.lang.Object",
    }
}

/// The result of Java's `((Number) value).longValue()`. `None` if the value is not a number.
pub(crate) fn as_long(value: &Value) -> Option<i64> {
    if value.kind() != ValueKind::Number {
        return None;
    }
    if value.is_integer() {
        return value.as_i64();
    }
    // A cast from double truncates, and saturates at the limits of a long, in Java as in Rust.
    f64::try_from(value.clone()).ok().map(|number| number as i64)
}

/// The result of Java's `((Number) value).doubleValue()`. `None` if the value is not a number.
pub(crate) fn as_double(value: &Value) -> Option<f64> {
    if value.kind() != ValueKind::Number {
        return None;
    }
    if let Some(int) = value.as_i64().filter(|_| value.is_integer()) {
        return Some(int as f64);
    }
    f64::try_from(value.clone()).ok().or_else(|| i128::try_from(value.clone()).ok().map(|int| int as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_java_does() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (9_999_999.0, "9999999.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (1e300, "1.0E300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(number), text);
        }
    }

    #[test]
    fn json_escapes_as_jackson_does() {
        let value = Value::from("a\"b\\c\n\u{1f}é/");
        assert_eq!(to_json(&value), "\"a\\\"b\\\\c\\n\\u001Fé/\"");
    }
}
