//! Converts a value without parts to a typed value.

use super::convert::Fit;
use super::decimal;
use super::shape::{Shape, Unit};
use super::typing::Rules;
use apache_avro::types::Value;
use apache_avro::{Decimal, Duration};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_model::Json;
use uuid::Uuid;

/// The value as one of the type. None if the value cannot be one.
pub(super) fn value(rules: &Rules, shape: &Shape, value: &Json, fit: Fit) -> Option<Value> {
    match value {
        Json::String(text) => of_text(rules, shape, text, fit),
        Json::Bool(value) => match (shape, fit) {
            (Shape::Boolean, _) => Some(Value::Boolean(*value)),
            (Shape::Text, Fit::Loose) => Some(Value::String(value.to_string())),
            _ => None,
        },
        Json::Number(number) => of_number(shape, number, fit),
        Json::Array(_) | Json::Object(_) => match (shape, fit) {
            (Shape::Text, Fit::Loose) => Some(Value::String(value.to_string())),
            _ => None,
        },
        Json::Null => None,
    }
}

fn of_text(rules: &Rules, shape: &Shape, text: &str, fit: Fit) -> Option<Value> {
    let moments = &rules.moments;
    match shape {
        Shape::Text => return Some(Value::String(text.to_owned())),
        Shape::Null => return rules.is_null(text).then_some(Value::Null),
        Shape::Enum(symbols) => {
            let place = symbols.iter().position(|symbol| symbol == text)?;
            return Some(Value::Enum(u32::try_from(place).ok()?, text.to_owned()));
        }
        Shape::Uuid(_) => return Uuid::parse_str(text).ok().map(Value::Uuid),
        Shape::Date => return moments.date(text).map(Value::Date),
        Shape::Time(Unit::Milli) => {
            return Some(Value::TimeMillis(i32::try_from(moments.time(text, Unit::Milli)?).ok()?));
        }
        Shape::Time(unit) => return moments.time(text, *unit).map(Value::TimeMicros),
        Shape::Timestamp(unit) => return moments.timestamp(text, *unit).map(|at| timestamp(at, *unit)),
        Shape::LocalTimestamp(unit) => {
            return moments.local_timestamp(text, *unit).map(|at| local_timestamp(at, *unit));
        }
        _ if fit == Fit::Exact => return None,
        Shape::Bytes => return Some(Value::Bytes(bytes(text))),
        Shape::Fixed(size) => return Some(Value::Fixed(*size, fixed(text, *size)?)),
        Shape::Duration => {
            let bytes: [u8; 12] = fixed(text, 12)?.try_into().ok()?;
            return Some(Value::Duration(Duration::from(bytes)));
        }
        Shape::Boolean => return rules.boolean(text).map(Value::Boolean),
        Shape::Int => return text.parse().ok().map(Value::Int),
        Shape::Long => return text.parse().ok().map(Value::Long),
        _ => {}
    }
    let number = match rules.decimal_separator {
        '.' => text.to_owned(),
        separator => text.replacen(separator, ".", 1),
    };
    match shape {
        Shape::Float => float(number.parse().ok()?, is_infinite(&number)),
        Shape::Double => number.parse().ok().map(Value::Double),
        Shape::Decimal { .. } => decimal(shape, &number),
        _ => None,
    }
}

fn of_number(shape: &Shape, number: &serde_json::Number, fit: Fit) -> Option<Value> {
    let whole = number.as_i64();
    match (shape, fit) {
        (Shape::Int, _) => {
            let whole = whole.or_else(|| whole_float(number).filter(|_| fit == Fit::Loose))?;
            i32::try_from(whole).ok().map(Value::Int)
        }
        (Shape::Long, _) => {
            whole.or_else(|| whole_float(number).filter(|_| fit == Fit::Loose)).map(Value::Long)
        }
        (Shape::Timestamp(unit), _) => whole.map(|at| timestamp(at, *unit)),
        (Shape::LocalTimestamp(unit), _) => whole.map(|at| local_timestamp(at, *unit)),
        (Shape::Decimal { .. }, _) => decimal(shape, &number.to_string()),
        (Shape::Float, _) if number.is_f64() || fit == Fit::Loose => float(number.as_f64()?, false),
        (Shape::Double, _) if number.is_f64() || fit == Fit::Loose => number.as_f64().map(Value::Double),
        (Shape::Text, Fit::Loose) => Some(Value::String(number.to_string())),
        (Shape::Boolean, Fit::Loose) => match whole {
            Some(0) => Some(Value::Boolean(false)),
            Some(1) => Some(Value::Boolean(true)),
            _ => None,
        },
        _ => None,
    }
}

/// The whole number that a float is, if no digit is lost.
fn whole_float(number: &serde_json::Number) -> Option<i64> {
    let float =
        number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0)?;
    format!("{float:.0}").parse().ok()
}

/// A number as a float of four bytes. A finite number must stay finite.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float has fewer digits, which is what the schema says"
)]
fn float(value: f64, may_be_infinite: bool) -> Option<Value> {
    let float = value as f32;
    (may_be_infinite || float.is_finite() || !value.is_finite()).then_some(Value::Float(float))
}

fn is_infinite(text: &str) -> bool {
    text.contains(['i', 'I'])
}

fn decimal(shape: &Shape, text: &str) -> Option<Value> {
    let Shape::Decimal { precision, scale, fixed } = shape else { return None };
    let unscaled = decimal::unscaled(text, *scale)?;
    let bytes = unscaled.to_signed_bytes_be();
    let fits = decimal::digits(&unscaled) <= *precision && fixed.is_none_or(|size| bytes.len() <= size);
    fits.then(|| Value::Decimal(Decimal::from(bytes)))
}

/// The bytes of a text: those of its base64, as tasks return bytes, or else of the text in UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec())
}

/// So many bytes. Base64 is longer than its bytes, so the length says which of both a text is.
fn fixed(text: &str, size: usize) -> Option<Vec<u8>> {
    if text.len() == size {
        return Some(text.as_bytes().to_vec());
    }
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() == size)
}

fn timestamp(at: i64, unit: Unit) -> Value {
    match unit {
        Unit::Milli => Value::TimestampMillis(at),
        Unit::Micro => Value::TimestampMicros(at),
        Unit::Nano => Value::TimestampNanos(at),
    }
}

fn local_timestamp(at: i64, unit: Unit) -> Value {
    match unit {
        Unit::Milli => Value::LocalTimestampMillis(at),
        Unit::Micro => Value::LocalTimestampMicros(at),
        Unit::Nano => Value::LocalTimestampNanos(at),
    }
}
