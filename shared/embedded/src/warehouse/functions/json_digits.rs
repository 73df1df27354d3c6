//! The digits of the numbers in a text of JSON, as they are written. A JSON reader makes a FLOAT64 of a number.
//!
//! The module must not know what a number becomes.

use super::Outcome;
use std::ops::Range;

/// The digits that every FLOAT64 keeps, also when DuckDB makes a decimal of it.
const KEPT: usize = 15;

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("long_number", [json, fields @ ..]) => Some(Ok(long(json, fields))),
        _ => None,
    }
}

/// The places of the numbers of a text of JSON, with the names of their fields. A number in a list has the name of the
/// list.
pub(super) fn numbers(json: &str) -> Vec<(&str, Range<usize>)> {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    let (mut at, mut text, mut field) = (0, "", "");
    let mut found = Vec::new();
    while let Some(rest) = json.get(at..)
        && let Some(c) = rest.chars().next()
    {
        at += match c {
            '"' => {
                let mut is_escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, c)| {
                    let ends = *c == '"' && !is_escaped;
                    is_escaped = *c == '\\' && !is_escaped;
                    ends
                });
                let end = end.map_or(rest.len(), |(index, _)| index);
                text = rest.get(1..end).unwrap_or_default();
                end + 1
            }
            '-' | '0'..='9' => {
                let length = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
                found.push((field, at..at + length));
                length
            }
            c => {
                if c == ':' {
                    field = text;
                }
                c.len_utf8()
            }
        };
    }
    found
}

/// The numbers of a text of JSON as they are written, with the names of their fields.
fn written(json: &str) -> impl Iterator<Item = (&str, &str)> {
    numbers(json).into_iter().map(|(field, place)| (field, json.get(place).unwrap_or_default()))
}

/// Refuses JSON with a number that an INT64, a UINT64 or a FLOAT64 does not keep.
pub(super) fn exact(json: &str) -> Result<(), String> {
    let lost = |number: &&str| number.parse::<u64>().is_err() && !keeps(number);
    match written(json).map(|(_, number)| number).find(lost) {
        Some(number) => Err(format!("{number} cannot round-trip through a FLOAT64")),
        None => Ok(()),
    }
}

/// Whether a FLOAT64, or an INT64 that is one, has all digits of the number.
pub(super) fn keeps(number: &str) -> bool {
    let own = number.parse::<f64>().ok().filter(|own| own.is_finite());
    own.is_some_and(|own| digits(number) == digits(&format!("{own:e}")))
}

/// The digits of a number without zeros at both ends, and the place of the last one.
fn digits(number: &str) -> Option<(String, i64)> {
    let text = number.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().ok()?;
    let all = format!("{whole}{fraction}");
    let plain = all.trim_start_matches('0').trim_end_matches('0').to_owned();
    let zeros = i64::try_from(all.len() - all.trim_end_matches('0').len()).ok()?;
    let places = exponent - i64::try_from(fraction.len()).ok()? + zeros;
    Some(if plain.is_empty() { (plain, 0) } else { (plain, places) })
}

/// The first number of these fields that a FLOAT64 may change, with its field.
fn long(json: &str, fields: &[&str]) -> Option<String> {
    let is_long = |(field, number): &(&str, &str)| {
        fields.iter().any(|own| own.eq_ignore_ascii_case(field))
            && number.parse::<i64>().is_err()
            && digits(number).is_some_and(|(digits, _)| digits.len() > KEPT)
    };
    written(json).find(is_long).map(|(field, number)| format!("{number} of the field {field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_of_some_fields_are_found() {
        let json = r#"{"f": 0.1234567890123456789, "n": 1.5, "t": "\\\"n\": 1234567890.1234567890", "l": [{"N": 123456789.123456789}]}"#;
        assert_eq!(long(json, &["n"]).unwrap(), "123456789.123456789 of the field N");
        assert_eq!(long(json, &["l"]), None);
        assert_eq!(long(r#"{"n": 9223372036854775807, "m": 100000000000000000000}"#, &["n", "m"]), None);
        assert_eq!(
            long(r#"{"n": [1, 1.00000000000000001]}"#, &["n"]).unwrap(),
            "1.00000000000000001 of the field n"
        );
    }

    #[test]
    fn numbers_that_a_float_keeps_are_exact() {
        for kept in ["0.1", "1e400000", "18446744073709551615", "-1.50", "1e22", "0.0"] {
            assert_eq!(exact(kept).is_ok(), kept != "1e400000", "{kept}");
        }
        assert!(exact("[2.2412421353246235436]").is_err());
        assert!(exact(r#"{"a": "2.2412421353246235436"}"#).is_ok());
    }
}
