//! Values of the KV store.

use segue_api_types as types;
use segue_model::Json;
use segue_ports::kv::{KvEntry, KvType};

/// A key with its dates and description, without its value.
pub(crate) fn key(entry: &KvEntry) -> types::KvKey {
    types::KvKey {
        namespace: entry.namespace.clone(),
        key: entry.key.clone(),
        kind: Some(kind(entry.kind)),
        creation_date: Some(entry.created),
        update_date: Some(entry.updated),
        expiration_date: entry.expires,
        description: entry.description.clone(),
    }
}

/// A value with its type.
pub(crate) fn value(entry: KvEntry) -> types::KvValue {
    types::KvValue { kind: kind(entry.kind), value: entry.value, updated: Some(entry.updated) }
}

fn kind(kind: KvType) -> types::KvType {
    match kind {
        KvType::String => types::KvType::String,
        KvType::Number => types::KvType::Number,
        KvType::Boolean => types::KvType::Boolean,
        KvType::Datetime => types::KvType::Datetime,
        KvType::Date => types::KvType::Date,
        KvType::Duration => types::KvType::Duration,
        KvType::Json => types::KvType::Json,
    }
}

/// Reads a value from a body: JSON, an Ion date, a duration, or one word without quotes (docs/kestra.md 6.6). A JSON
/// value does not change.
///
/// # Errors
/// The reason why the text is not JSON, if the text has none of these forms.
pub(crate) fn read(text: &str) -> Result<(KvType, Json), String> {
    let trimmed = text.trim();
    match serde_json::from_str::<Json>(trimmed) {
        Ok(Json::Bool(value)) => Ok((KvType::Boolean, Json::Bool(value))),
        Ok(Json::Number(value)) => Ok((KvType::Number, Json::Number(value))),
        Ok(Json::String(value)) => {
            // A duration in quotes has the type DURATION, as in a value that a task sets.
            let kind = if is_duration(&value) { KvType::Duration } else { KvType::String };
            Ok((kind, Json::String(value)))
        }
        Ok(value) => Ok((KvType::Json, value)),
        Err(error) => bare(trimmed).ok_or_else(|| error.to_string()),
    }
}

/// Reads a text without quotes: a date, a duration, or a word.
fn bare(text: &str) -> Option<(KvType, Json)> {
    let found = |kind: KvType| Some((kind, Json::from(text)));
    if text.parse::<jiff::Timestamp>().is_ok() {
        return found(KvType::Datetime);
    }
    if text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10 {
        return found(KvType::Date);
    }
    if is_duration(text) {
        return found(KvType::Duration);
    }
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let begins = text.chars().next().is_some_and(|first| first.is_alphabetic() || matches!(first, '_' | '$'));
    if begins && text.chars().all(is_word) { found(KvType::String) } else { None }
}

fn is_duration(text: &str) -> bool {
    text.starts_with('P') && segue_model::parse_duration(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_by_their_kind() {
        for (text, kind, value) in [
            ("\"text\"", KvType::String, json!("text")),
            ("12", KvType::Number, json!(12)),
            (" 1.50 ", KvType::Number, json!(1.5)),
            ("true", KvType::Boolean, json!(true)),
            ("{\"a\": [1, null]}", KvType::Json, json!({"a": [1, null]})),
            ("null", KvType::Json, json!(null)),
            ("2024-01-01T00:00:00Z", KvType::Datetime, json!("2024-01-01T00:00:00Z")),
            ("2024-01-01", KvType::Date, json!("2024-01-01")),
            ("PT5M", KvType::Duration, json!("PT5M")),
            ("\"PT5M\"", KvType::Duration, json!("PT5M")),
            ("word", KvType::String, json!("word")),
        ] {
            assert_eq!(read(text), Ok((kind, value)), "{text}");
        }
        for wrong in ["", "two words", "{\"a\"", "{'a': 1}", "12a", "\u{0}"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
