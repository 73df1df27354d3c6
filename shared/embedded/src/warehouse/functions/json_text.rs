//! Texts of JSON as BigQuery reads and writes them: of two members with one name the first stays, and a number is
//! written with the fewest digits, `1.0` and `1e+15`.
//!
//! The module must not know functions and paths. To change how a number is written, change [`number`].

use super::json_digits::numbers;
use super::numbers::scientific;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Begins the text that stands for a number as it is written. No text of Unicode has this character.
const AS_WRITTEN: char = '\u{10FFFE}';

/// Reads a text of JSON. Of two members with one name the first stays.
pub(super) fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str::<First>(text).map(|First(value)| value).map_err(|error| error.to_string())
}

/// Reads a text of JSON, and keeps its numbers as they are written. `None` if the text is no JSON.
pub(super) fn read_as_written(text: &str) -> Option<Value> {
    if text.contains(AS_WRITTEN) || text.to_ascii_lowercase().contains("\\udbff\\udffe") {
        return read(text).ok();
    }
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let (mut marked, mut done) = (String::with_capacity(text.len() + 16), 0);
    for (_, place) in numbers(text) {
        marked.push_str(text.get(done..place.start)?);
        marked.push_str(&format!("\"{AS_WRITTEN}{}\"", text.get(place.clone())?));
        done = place.end;
    }
    marked.push_str(text.get(done..)?);
    read(&marked).ok()
}

/// The digits of a number that [`read_as_written`] has kept.
pub(super) fn as_written(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(AS_WRITTEN)
}

/// A value as text without blanks.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    append(&mut out, value, None);
    out
}

/// A value as text with a line for each element.
pub(super) fn write_pretty(value: &Value) -> String {
    let mut out = String::new();
    append(&mut out, value, Some(0));
    out
}

/// A finite number: `1.0`, `0.0001`, `1e+15`, `1.5e-07`.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0.0".to_owned();
    }
    let (sign, digits, exponent) = scientific(value);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // How many of the digits are before the point.
    let whole = exponent + 1;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let (head, tail) = digits.split_at(usize::try_from(whole).unwrap_or_default().min(digits.len()));
    match whole {
        1..=15 if count <= whole => format!("{sign}{digits}{}.0", zeros(whole - count)),
        1..=15 => format!("{sign}{head}.{tail}"),
        -3..=0 => format!("{sign}0.{}{digits}", zeros(-whole)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{first}{point}{rest}e{direction}{:02}", exponent.abs())
        }
    }
}

/// Adds a value. `level`: how deep the value is, if each element has a line.
fn append(out: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::Number(own) => match own.as_f64().filter(|_| own.is_f64()) {
            Some(float) => out.push_str(&number(float)),
            None => out.push_str(&own.to_string()),
        },
        Value::Array(items) => {
            listed(out, ('[', ']'), level, items.iter(), append);
        }
        Value::Object(members) => {
            listed(out, ('{', '}'), level, members.iter(), |out, (name, item), inner| {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(if inner.is_some() { ": " } else { ":" });
                append(out, item, inner);
            });
        }
        other => match as_written(other) {
            Some(digits) => out.push_str(digits),
            None => out.push_str(&other.to_string()),
        },
    }
}

fn listed<T>(
    out: &mut String,
    (open, close): (char, char),
    level: Option<usize>,
    items: impl ExactSizeIterator<Item = T>,
    mut each: impl FnMut(&mut String, T, Option<usize>),
) {
    let inner = level.filter(|_| items.len() > 0).map(|level| level + 1);
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    };
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some(inner) = inner {
            line(out, inner);
        }
        each(out, item, inner);
    }
    if let Some(inner) = inner {
        line(out, inner - 1);
    }
    out.push(close);
}

/// A value of which the first of two members with one name stays.
struct First(Value);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value of JSON")
    }

    fn visit_bool<E>(self, own: bool) -> Result<Value, E> {
        Ok(Value::from(own))
    }

    fn visit_i64<E>(self, own: i64) -> Result<Value, E> {
        Ok(Value::from(own))
    }

    fn visit_u64<E>(self, own: u64) -> Result<Value, E> {
        Ok(Value::from(own))
    }

    fn visit_f64<E>(self, own: f64) -> Result<Value, E> {
        Ok(Value::from(own))
    }

    fn visit_str<E>(self, own: &str) -> Result<Value, E> {
        Ok(Value::from(own))
    }

    fn visit_string<E>(self, own: String) -> Result<Value, E> {
        Ok(Value::from(own))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(First(item)) = items.next_element()? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some((name, First(value))) = members.next_entry::<String, First>()? {
            found.entry(name).or_insert(value);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_fewest_digits() {
        for (value, text) in [
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (123_456_789_012_345.0, "123456789012345.0"),
            (1e14, "100000000000000.0"),
            (1e15, "1e+15"),
            (9_007_199_254_740_992.0, "9.007199254740992e+15"),
            (1e300, "1e+300"),
            (-0.0, "0.0"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_first_of_two_members_stays() {
        let value = read(r#"{"b": 1, "a": [1.50, {"c": null}], "b": 2}"#).unwrap();
        assert_eq!(write(&value), r#"{"b":1,"a":[1.5,{"c":null}]}"#);
        assert_eq!(
            write_pretty(&value),
            "{\n  \"b\": 1,\n  \"a\": [\n    1.5,\n    {\n      \"c\": null\n    }\n  ]\n}"
        );
        assert_eq!(write_pretty(&read("[{}, []]").unwrap()), "[\n  {},\n  []\n]");
        assert!(read("[1").is_err());
    }

    #[test]
    fn numbers_are_kept_as_they_are_written() {
        let value = read_as_written(r#"{"a": 1e2, "b": [12345678901234567890123, "1e2", -1.50]}"#).unwrap();
        assert_eq!(write(&value), r#"{"a":1e2,"b":[12345678901234567890123,"1e2",-1.50]}"#);
        assert_eq!(as_written(value.get("a").unwrap()), Some("1e2"));
        assert_eq!(read_as_written("[01]"), None);
        assert_eq!(read_as_written("[1 2]"), None);
    }
}
