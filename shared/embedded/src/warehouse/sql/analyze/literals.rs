//! Reads the texts of literals, such as `DATE '2021-1-31'`, by BigQuery's rules.
//!
//! The module must not know DuckDB's functions, except how it writes a literal.

use super::value::{Form, Value, text_literal};
use crate::warehouse::functions::{bignumeric, json, ranges as text_ranges, times};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::literal;
use crate::warehouse::sql::ranges;

/// A literal of a type. The error is BigQuery's message.
pub(crate) fn typed(ty: &DataType, text: &str) -> Result<Value, String> {
    let sql = match ty {
        DataType::Date => {
            let days = times::date(text).ok_or_else(|| format!("Invalid date: '{text}'"))?;
            format!("DATE '{}'", times::print_date(days))
        }
        DataType::DateTime => {
            let micros =
                times::datetime(text).ok_or_else(|| format!("Invalid datetime string \"{text}\""))?;
            time(ty, micros)
        }
        DataType::Time => {
            let micros = times::time(text).ok_or_else(|| format!("Invalid time string \"{text}\""))?;
            format!("TIME '{}'", times::print_time(micros))
        }
        DataType::Timestamp => {
            let micros =
                times::timestamp(text, None).ok_or_else(|| format!("Invalid timestamp: '{text}'"))?;
            time(ty, micros)
        }
        DataType::Numeric => decimal(text).ok_or_else(|| format!("Invalid NUMERIC value: {text}"))?,
        DataType::BigNumeric => {
            let units =
                bignumeric::parse(text, true).ok_or_else(|| format!("Invalid BIGNUMERIC value: {text}"))?;
            format!("CAST('{units}' AS BIGNUM)")
        }
        DataType::Json => {
            let own = json::normal(text).map_err(|error| format!("Invalid JSON literal: {error}"))?;
            format!("CAST({} AS JSON)", text_literal(&own))
        }
        DataType::Range(element) => range(ty, text_ranges::read(&element.bigquery(), text, true)?),
        other => return Err(format!("{} has no literals", other.bigquery())),
    };
    Ok(Value { never_null: true, ..Value::new(ty.clone(), sql) })
}

/// A RANGE with these bounds.
pub(crate) fn range(ty: &DataType, (start, end): text_ranges::Bounds) -> String {
    let DataType::Range(element) = ty else { return "NULL".to_owned() };
    let bound = |micros: Option<i64>, none: &dyn Fn(&DataType) -> String| {
        micros.map_or_else(|| none(element), |micros| time(element, micros))
    };
    ranges::of(&bound(start, &ranges::no_start), &bound(end, &ranges::no_end))
}

/// A DATE, DATETIME or TIMESTAMP from its microseconds since 1970.
fn time(ty: &DataType, micros: i64) -> String {
    let text = times::print_datetime(micros);
    match ty {
        DataType::Date => format!("DATE '{}'", text.get(..10).unwrap_or_default()),
        DataType::DateTime => format!("TIMESTAMP '{text}'"),
        _ => format!("TIMESTAMPTZ '{text}+00'"),
    }
}

/// A NUMERIC. `None` if it has more than 29 digits before or 9 after the point, or is no number.
fn decimal(text: &str) -> Option<String> {
    let plain = plain(text.trim())?;
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.len() > 29 || fraction.len() > 9 {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let number =
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
    Some(format!("CAST('{number}' AS DECIMAL(38,9))"))
}

/// A number without an exponent.
fn plain(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !is_digits(whole)
        || !is_digits(fraction)
        || exponent.abs() > 200
    {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let length = i32::try_from(digits.len()).ok()?;
    let number = if point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{digits}{}", zeros(point - length))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).ok()?);
        format!("{whole}.{fraction}")
    };
    Some(format!("{sign}{number}"))
}

/// A number literal. The error is BigQuery's message.
pub(crate) fn number(text: &str) -> Result<Value, String> {
    let form = Form::Number(text.to_owned());
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    if hex.is_none() && digits.contains(['.', 'e', 'E']) {
        let number: f64 = text.parse().map_err(|_| format!("Invalid floating point literal: {text}"))?;
        if number.is_infinite() {
            return Err(format!("Invalid floating point literal: {text}"));
        }
        let sql = format!("CAST({} AS DOUBLE)", literal(text));
        return Ok(Value { sql, ty: DataType::Float64, form, never_null: true });
    }
    let parsed = match hex {
        Some(hex) => i128::from_str_radix(hex, 16),
        None => digits.parse::<i128>(),
    };
    let own = parsed.ok().map(|own| if sign.is_empty() { own } else { -own });
    let own = own
        .and_then(|own| i64::try_from(own).ok())
        .ok_or_else(|| format!("Invalid integer literal: {text}"))?;
    Ok(Value { sql: format!("CAST({own} AS BIGINT)"), ty: DataType::Int64, form, never_null: true })
}
