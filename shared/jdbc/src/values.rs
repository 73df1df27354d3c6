//! Forms of values that are the same for every database.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_model::Json;
use serde_json::Number;

/// A decimal as a number if the number has every digit of the text. Otherwise None: then the value is a text, and no
/// digit is lost.
pub fn exact(text: &str) -> Option<Json> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Json::from(whole));
    }
    let value: f64 = text.parse().ok()?;
    let number = Number::from_f64(value)?;
    let digits = |text: &str| {
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        text.to_owned()
    };
    // Rust writes a float without an exponent, with the fewest digits that identify it.
    (digits(&value.to_string()) == digits(text)).then_some(Json::Number(number))
}

/// An instant in the zone, as `2024-01-31T10:00:00.5+01:00`. The offset of UTC is `Z`.
pub fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let offset = if local.offset().is_zero() { "Z".to_owned() } else { local.strftime("%:z").to_string() };
    format!("{}{offset}", local.strftime("%Y-%m-%dT%H:%M:%S%.f"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_digit_of_a_decimal_is_lost() {
        assert_eq!(exact("12.50").unwrap(), json!(12.5));
        assert_eq!(exact("-0.07").unwrap(), json!(-0.07));
        assert_eq!(exact("0.000001").unwrap(), json!(0.000_001));
        assert_eq!(exact("9223372036854775807").unwrap(), json!(i64::MAX));
        assert_eq!(exact("100.00").unwrap(), json!(100.0));
        for text in
            ["12345678901234567890.12", "0.1234567890123456789", "NaN", "Infinity", "99999999999999999999"]
        {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    #[test]
    fn instants_have_the_offset_of_the_zone() {
        let at: Timestamp = "2024-07-01T10:00:00.25Z".parse().unwrap();
        assert_eq!(instant(at, &TimeZone::UTC), "2024-07-01T10:00:00.25Z");
        assert_eq!(instant(at, &TimeZone::get("Europe/Paris").unwrap()), "2024-07-01T12:00:00.25+02:00");
    }
}
