//! The type of a KV value, and parsing a text as the type in `kvType`.

use crate::inline::KvKind;
use crate::inputs::instants;
use segue_model::{Json, parse_duration};

impl KvKind {
    /// The type with this name. The case does not matter.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_uppercase().as_str() {
            "STRING" => Some(Self::String),
            "NUMBER" => Some(Self::Number),
            "BOOLEAN" => Some(Self::Boolean),
            "DATETIME" => Some(Self::Datetime),
            "DATE" => Some(Self::Date),
            "DURATION" => Some(Self::Duration),
            "JSON" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The type of a value without `kvType`. A text that is an ISO duration is a DURATION.
pub(super) fn kind_of(value: &Json) -> KvKind {
    match value {
        Json::Bool(_) => KvKind::Boolean,
        Json::Number(_) => KvKind::Number,
        Json::String(text) if is_duration(text) => KvKind::Duration,
        Json::String(_) => KvKind::String,
        Json::Null | Json::Array(_) | Json::Object(_) => KvKind::Json,
    }
}

/// Whether a text is a duration: whole days, hours, minutes and seconds, in capitals.
fn is_duration(text: &str) -> bool {
    text.starts_with('P')
        && text.bytes().all(|byte| matches!(byte, b'P' | b'T' | b'D' | b'H' | b'M' | b'S' | b'0'..=b'9'))
        && parse_duration(text).is_ok()
}

/// Parses a text as a value of this type.
pub(super) fn read(kind: KvKind, text: &str) -> Result<(KvKind, Json), String> {
    let refused = |name: &str, why: &dyn std::fmt::Display| {
        format!("`value` must be a {name} as `kvType` says, but is '{text}': {why}")
    };
    let value = match kind {
        KvKind::String => {
            let value = Json::from(text);
            return Ok((kind_of(&value), value));
        }
        KvKind::Number => {
            let number: serde_json::Number =
                serde_json::from_str(text.trim()).map_err(|error| refused("NUMBER", &error))?;
            Json::Number(number)
        }
        KvKind::Boolean => Json::Bool(text.eq_ignore_ascii_case("true")),
        KvKind::Datetime => Json::from(instants::instant_text(
            instants::instant(text).map_err(|why| refused("DATETIME", &why))?,
        )),
        KvKind::Date => Json::from(instants::date(text).map_err(|why| refused("DATE", &why))?.to_string()),
        KvKind::Duration => {
            parse_duration(text).map_err(|why| refused("DURATION", &why))?;
            Json::from(text)
        }
        KvKind::Json => serde_json::from_str(text).map_err(|error| refused("JSON", &error))?,
    };
    Ok((kind, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_follow_the_value() {
        for (value, kind) in [
            (json!("text"), KvKind::String),
            (json!("PT5M"), KvKind::Duration),
            (json!("P1DT2H"), KvKind::Duration),
            (json!("P"), KvKind::String),
            (json!("pt5m"), KvKind::String),
            (json!("PT0.5S"), KvKind::String),
            (json!(1.5), KvKind::Number),
            (json!(false), KvKind::Boolean),
            (json!({"a": 1}), KvKind::Json),
            (json!([1]), KvKind::Json),
            (json!(null), KvKind::Json),
        ] {
            assert_eq!(kind_of(&value), kind, "{value}");
        }
    }

    #[test]
    fn texts_are_read_as_kv_type_says() {
        for (kind, text, read_as) in [
            ("STRING", "12", (KvKind::String, json!("12"))),
            ("string", "PT1M", (KvKind::Duration, json!("PT1M"))),
            ("NUMBER", "12", (KvKind::Number, json!(12))),
            ("NUMBER", "-1.5e3", (KvKind::Number, json!(-1500.0))),
            ("BOOLEAN", "TRUE", (KvKind::Boolean, json!(true))),
            ("BOOLEAN", "yes", (KvKind::Boolean, json!(false))),
            ("DATETIME", "2024-01-02T03:04:05Z", (KvKind::Datetime, json!("2024-01-02T03:04:05Z"))),
            ("DATE", "2024-01-02", (KvKind::Date, json!("2024-01-02"))),
            ("DURATION", "PT36H", (KvKind::Duration, json!("PT36H"))),
            ("JSON", "{\"a\": [1]}", (KvKind::Json, json!({"a": [1]}))),
            ("JSON", "12", (KvKind::Json, json!(12))),
        ] {
            assert_eq!(read(KvKind::parse(kind).unwrap(), text), Ok(read_as), "{kind} {text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (kind, text) in [
            (KvKind::Number, "twelve"),
            (KvKind::Datetime, "2024-01-02"),
            (KvKind::Date, "02/01/2024"),
            (KvKind::Duration, "5 minutes"),
            (KvKind::Json, "{a"),
        ] {
            let message = read(kind, text).unwrap_err();
            assert!(message.contains("as `kvType` says") && message.contains(text), "{message}");
        }
        assert_eq!(KvKind::parse("BYTES"), None);
    }
}
