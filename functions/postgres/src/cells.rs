//! Converts the text of a column to the value that a flow sees (docs/kestra.md 4.5). Values of types that are not
//! listed here, such as ranges, enums, composites and addresses, are the text that the server writes.

use crate::nested::{array, hstore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use segue_jdbc::values::{self, exact};
use segue_model::Json;
use serde_json::Number;
use tokio_postgres::Column;
use tokio_postgres::types::{Kind, Type};

/// The value of a column with this text. `zone` is the zone of values with a time zone.
pub(crate) fn cell(column: &Column, text: &str, zone: &TimeZone) -> Json {
    // BIT(1) is a boolean, as in JDBC. Other lengths are texts.
    if *column.type_() == Type::BIT && column.type_modifier() == 1 {
        return Json::Bool(text == "1");
    }
    value(column.type_(), text, zone)
}

fn value(of: &Type, text: &str, zone: &TimeZone) -> Json {
    let known = match *of {
        Type::BOOL => Some(Json::Bool(text == "t")),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => text.parse::<i64>().ok().map(Json::from),
        Type::FLOAT4 | Type::FLOAT8 => text.parse().ok().and_then(Number::from_f64).map(Json::Number),
        Type::NUMERIC => exact(text),
        Type::MONEY => money(text),
        Type::TIMESTAMP => timestamp(text),
        Type::TIMESTAMPTZ => instant(text, zone),
        Type::TIMETZ => time_of_day(text, zone),
        Type::INTERVAL => interval(text),
        Type::BYTEA => bytes(text).map(|bytes| Json::String(STANDARD.encode(bytes))),
        Type::JSON | Type::JSONB => serde_json::from_str(text).ok(),
        Type::VOID => Some(Json::Null),
        _ => match of.kind() {
            Kind::Array(item) => array(text, &|text| value(item, text, zone)),
            Kind::Domain(base) => Some(value(base, text, zone)),
            Kind::Simple if of.name() == "hstore" => hstore(text),
            _ => None,
        },
    };
    known.unwrap_or_else(|| Json::String(text.to_owned()))
}

/// An amount without the sign of its currency: `-$1,234.50` and `($1,234.50)` are -1234.5.
fn money(text: &str) -> Option<Json> {
    let negative = text.contains(['-', '(']);
    let amount: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    // In other countries, the comma stands before the cents.
    if text.rfind(',') > text.rfind('.') {
        return None;
    }
    exact(&if negative { format!("-{amount}") } else { amount })
}

/// `2024-01-31 10:00:00` with a `T`. Infinity and years before Christ stay as they are.
fn timestamp(text: &str) -> Option<Json> {
    let (date, time) = text.split_once(' ').filter(|(_, time)| !time.contains(' '))?;
    Some(Json::String(format!("{date}T{time}")))
}

fn instant(text: &str, zone: &TimeZone) -> Option<Json> {
    let at: Timestamp = text.replacen(' ', "T", 1).parse().ok()?;
    Some(Json::String(values::instant(at, zone)))
}

/// The time of a day in the zone. As in Kestra, the day is the first of 1970.
fn time_of_day(text: &str, zone: &TimeZone) -> Option<Json> {
    let (time, offset) = text.split_at_checked(text.find(['+', '-'])?)?;
    let time: Time = time.parse().ok()?;
    let at: Timestamp =
        format!("{}{offset}", DateTime::from_parts(jiff::civil::date(1970, 1, 1), time)).parse().ok()?;
    Some(Json::String(at.to_zoned(zone.clone()).strftime("%H:%M:%S%.f").to_string()))
}

/// `1 year 2 mons 3 days 04:05:06.5` as `P1Y2M3DT4H5M6.5S`.
fn interval(text: &str) -> Option<Json> {
    let (mut years, mut months, mut days, mut clock) = ("0", "0", "0", None);
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        if word.contains(':') {
            clock = Some(word);
            continue;
        }
        let number = word.trim_start_matches('+');
        match words.next()? {
            "year" | "years" => years = number,
            "mon" | "mons" => months = number,
            "day" | "days" => days = number,
            _ => return None,
        }
    }
    let clock = clock.unwrap_or("00:00:00");
    let (sign, clock) =
        clock.strip_prefix('-').map_or(("", clock.trim_start_matches('+')), |rest| ("-", rest));
    let mut parts = clock.split(':').map(|part| {
        let part = part.trim_start_matches('0');
        let part = if part.starts_with('.') { format!("0{part}") } else { part.to_owned() };
        if part.is_empty() { "0".to_owned() } else { format!("{sign}{part}") }
    });
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Json::String(format!("P{years}Y{months}M{days}DT{hours}H{minutes}M{seconds}S")))
}

/// Bytes in the server's hexadecimal form, or in its older form with octal numbers.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let pairs = digits.as_bytes().chunks(2);
        return pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    }
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'\\' => b'\\',
                first => {
                    let octal = [first, rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&octal).ok()?, 8).ok()?
                }
            },
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(kind: Type, text: &str) -> Json {
        value(&kind, text, &TimeZone::UTC)
    }

    #[test]
    fn no_digit_of_a_decimal_is_lost() {
        assert_eq!(of(Type::NUMERIC, "12.50"), json!(12.5));
        assert_eq!(of(Type::NUMERIC, "-0.07"), json!(-0.07));
        assert_eq!(of(Type::NUMERIC, "9223372036854775807"), json!(i64::MAX));
        assert_eq!(of(Type::NUMERIC, "100.00"), json!(100.0));
        for text in
            ["12345678901234567890.12", "0.1234567890123456789", "NaN", "Infinity", "99999999999999999999"]
        {
            assert_eq!(of(Type::NUMERIC, text), json!(text));
        }
    }

    #[test]
    fn times_have_kestras_forms() {
        assert_eq!(of(Type::TIMESTAMP, "2024-01-31 10:00:00.5"), json!("2024-01-31T10:00:00.5"));
        assert_eq!(of(Type::TIMESTAMPTZ, "2024-01-31 10:00:00+05:30"), json!("2024-01-31T04:30:00Z"));
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = value(&Type::TIMESTAMPTZ, "2024-07-01 10:00:00.25+00", &paris);
        assert_eq!(at, json!("2024-07-01T12:00:00.25+02:00"));
        assert_eq!(of(Type::TIMETZ, "10:00:00+02"), json!("08:00:00"));
        assert_eq!(of(Type::DATE, "2024-01-31"), json!("2024-01-31"));
        for text in ["infinity", "0044-03-15 12:00:00 BC"] {
            assert_eq!(of(Type::TIMESTAMP, text), json!(text));
            assert_eq!(of(Type::TIMESTAMPTZ, text), json!(text));
        }
    }

    #[test]
    fn intervals() {
        for (text, expected) in [
            ("1 year 2 mons 3 days 04:05:06", "P1Y2M3DT4H5M6S"),
            ("00:00:00", "P0Y0M0DT0H0M0S"),
            ("-1 days +02:03:00.5", "P0Y0M-1DT2H3M0.5S"),
            ("-00:00:07.25", "P0Y0M0DT0H0M-7.25S"),
            ("30 days", "P0Y0M30DT0H0M0S"),
        ] {
            assert_eq!(of(Type::INTERVAL, text), json!(expected), "{text}");
        }
    }

    #[test]
    fn money_and_bytes() {
        assert_eq!(of(Type::MONEY, "-$1,234.50"), json!(-1234.5));
        assert_eq!(of(Type::MONEY, "($12.00)"), json!(-12.0));
        assert_eq!(of(Type::MONEY, "1.234,50 €"), json!("1.234,50 €"));
        assert_eq!(of(Type::BYTEA, "\\x00ff41"), json!("AP9B"));
        assert_eq!(of(Type::BYTEA, "A\\000\\\\"), json!(STANDARD.encode(b"A\0\\")));
    }
}
