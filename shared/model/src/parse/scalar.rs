//! The values of YAML scalars, by the core schema of YAML 1.2, as in Kestra. `yes`, `no` and quoted scalars are texts.
//! A number keeps its text, so a label or text property gets `01` or `1.10` unchanged.

use crate::Json;
use serde_json::Number;

/// A scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool {
        value: bool,
        text: String,
    },
    /// A number, with its text in the source.
    Number {
        value: Number,
        text: String,
    },
    Text(String),
}

impl Scalar {
    /// Reads a plain (unquoted) scalar.
    pub(crate) fn plain(text: String) -> Self {
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Bool { value: true, text },
            "false" | "False" | "FALSE" => Self::Bool { value: false, text },
            other => match number(other) {
                Some(value) => Self::Number { value, text },
                None => Self::Text(text),
            },
        }
    }

    /// Reads a scalar with a standard tag of YAML: `!!str 5` is a text, `!!int "5"` is a number.
    pub(crate) fn tagged(text: String, tag: &str) -> Self {
        match tag {
            "int" | "float" | "bool" | "null" => Self::plain(text),
            _ => Self::Text(text),
        }
    }

    pub(crate) fn from_json(json: &Json) -> Self {
        match json {
            Json::Bool(value) => Self::Bool { value: *value, text: value.to_string() },
            Json::Number(value) => Self::Number { value: value.clone(), text: value.to_string() },
            Json::String(text) => Self::Text(text.clone()),
            Json::Null | Json::Array(_) | Json::Object(_) => Self::Null,
        }
    }

    /// The text as written; `None` for null.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Bool { text, .. } | Self::Number { text, .. } | Self::Text(text) => Some(text),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool { .. } => "a boolean",
            Self::Number { value, .. } if value.is_f64() => "a fraction",
            Self::Number { .. } => "a number",
            Self::Text(_) => "a text",
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool { value, .. } => Json::Bool(*value),
            Self::Number { value, .. } => Json::Number(value.clone()),
            Self::Text(text) => Json::String(text.clone()),
        }
    }
}

/// A number of the core schema. Infinity and NaN stay texts, because JSON does not have them.
fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let first = unsigned.bytes().next()?;
    if !first.is_ascii_digit() && first != b'.' {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return digits
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
                .then(|| i64::from_str_radix(digits, radix).ok().map(Number::from))
                .flatten();
        }
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let plain = text.strip_prefix('+').unwrap_or(text);
        if let Ok(value) = plain.parse::<i64>() {
            return Some(value.into());
        }
        if let Ok(value) = plain.parse::<u64>() {
            return Some(value.into());
        }
    }
    let is_float = unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if is_float { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("true", json!(true)),
            ("False", json!(false)),
            ("yes", json!("yes")),
            ("no", json!("no")),
            ("on", json!("on")),
            ("12", json!(12)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("18446744073709551615", json!(u64::MAX)),
            (".inf", json!(".inf")),
            ("1e999", json!("1e999")),
            ("1.2.3", json!("1.2.3")),
            ("2024-01-01", json!("2024-01-01")),
            ("10:30", json!("10:30")),
            ("0x", json!("0x")),
            ("-", json!("-")),
            ("inf", json!("inf")),
        ] {
            assert_eq!(Scalar::plain(text.to_owned()).to_json(), value, "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_text() {
        assert_eq!(Scalar::plain("01".to_owned()).text(), Some("01"));
        assert_eq!(Scalar::plain("1.10".to_owned()).text(), Some("1.10"));
    }
}
