//! Texts of XML as values: numbers, booleans and null.

use segue_model::Json;
use serde_json::Number;

/// The value of a text. A number that would lose a digit, and one with zeros in front, stays a text.
pub(super) fn value(text: &str) -> Json {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Json::Bool(true),
        _ if text.eq_ignore_ascii_case("false") => Json::Bool(false),
        _ if text.eq_ignore_ascii_case("null") => Json::Null,
        _ => number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let has_zeros = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if !digits.starts_with(|first: char| first.is_ascii_digit()) || has_zeros || !digits.chars().all(plain) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let number = Number::from_f64(text.parse().ok()?)?;
    let is_exact = significant(&number.to_string()) == significant(text);
    is_exact.then_some(number)
}

/// The digits of a number without zeros at both ends, and without the exponent.
fn significant(text: &str) -> String {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_digit_is_lost() {
        for (text, expected) in [
            ("1", json!(1)),
            ("-7", json!(-7)),
            ("1.50", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("0.1", json!(0.1)),
            ("0", json!(0)),
            ("True", json!(true)),
            ("null", json!(null)),
            ("007", json!("007")),
            ("1.2.3", json!("1.2.3")),
            ("2024-01-31", json!("2024-01-31")),
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("0.12345678901234567890", json!("0.12345678901234567890")),
            ("", json!("")),
            ("-", json!("-")),
            ("1 000", json!("1 000")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }
}
