//! Reads the properties of an inline task. Each property is rendered to a text and then converted to the needed type
//! (docs/kestra.md 3.1).
//!
//! What it must not know: the properties of a single task type.
//!
//! How to add one more type of property: a method here.

use super::{InlineCall, InlineError};
use jiff::SignedDuration;
use segue_model::log::LogLevel;
use segue_model::{Json, Map, parse_duration};

impl InlineCall<'_> {
    /// The property as written; `None` if it is absent or null.
    pub(super) fn written(&self, name: &str) -> Option<&Json> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// The property with every template in it rendered to text.
    pub(super) fn rendered(&self, name: &str) -> Result<Option<Json>, InlineError> {
        let Some(value) = self.written(name) else { return Ok(None) };
        Ok(Some(self.renderer.render_json(value, self.scope)?))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, InlineError> {
        match self.written(name) {
            None => Ok(None),
            Some(Json::String(template)) => Ok(Some(self.renderer.render(template, self.scope)?)),
            Some(_) => Ok(self.rendered(name)?.map(|value| to_text(&value))),
        }
    }

    /// True or false.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, InlineError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            "" => Ok(default),
            _ => Err(InlineError::failed(format!("`{name}` must be true or false, but is '{text}'"))),
        }
    }

    /// The log level of the property `level`. The default is INFO.
    pub(super) fn level(&self) -> Result<LogLevel, InlineError> {
        let Some(text) = self.text("level")? else { return Ok(LogLevel::Info) };
        LogLevel::parse(&text).ok_or_else(|| {
            InlineError::failed(format!(
                "Invalid log level '{text}': `level` must be one of TRACE, DEBUG, INFO, WARN, ERROR"
            ))
        })
    }

    /// A duration.
    pub(super) fn duration(&self, name: &str) -> Result<Option<SignedDuration>, InlineError> {
        let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        parse_duration(&text).map(Some).map_err(|why| InlineError::failed(format!("`{name}`: {why}")))
    }

    /// A map, written as a map or as JSON text. Empty if absent.
    pub(super) fn map(&self, name: &str) -> Result<Map, InlineError> {
        match self.structure(name)? {
            None => Ok(Map::new()),
            Some(Json::Object(map)) => Ok(map),
            Some(other) => {
                Err(InlineError::failed(format!("`{name}` must be a map, but is {}", kind_of(&other))))
            }
        }
    }

    /// A list, written as a list or as JSON text. None if absent.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<Json>>, InlineError> {
        match self.structure(name)? {
            None => Ok(None),
            Some(Json::Array(items)) => Ok(Some(items)),
            Some(other) => {
                Err(InlineError::failed(format!("`{name}` must be a list, but is {}", kind_of(&other))))
            }
        }
    }

    /// A rendered list or map, parsed if it was written as JSON text.
    fn structure(&self, name: &str) -> Result<Option<Json>, InlineError> {
        match self.rendered(name)? {
            Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Json::String(text)) => serde_json::from_str(&text).map(Some).map_err(|error| {
                InlineError::failed(format!(
                    "`{name}` must be JSON when it is a text, but is '{text}': {error}"
                ))
            }),
            other => Ok(other),
        }
    }
}

/// The error for a missing required property.
pub(super) fn missing(name: &str) -> InlineError {
    InlineError::failed(format!("`{name}` is required: set a value"))
}

/// A value for a text property: a text unchanged, anything else as JSON.
pub(super) fn to_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The kind of a value, in words.
pub(super) fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

/// Merges `new` into `old`: maps are merged key by key at every depth, anything else is replaced.
pub(super) fn merged(old: Option<&Json>, new: Json) -> Json {
    match (old, new) {
        (Some(Json::Object(old)), Json::Object(new)) => {
            let mut both = old.clone();
            for (key, value) in new {
                let value = merged(old.get(&key), value);
                both.insert(key, value);
            }
            Json::Object(both)
        }
        (_, new) => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn maps_merge_at_every_depth() {
        let old = json!({"a": {"x": 1, "y": [1]}, "b": 1});
        assert_eq!(
            merged(Some(&old), json!({"a": {"y": [2], "z": 3}, "b": {"c": 1}})),
            json!({"a": {"x": 1, "y": [2], "z": 3}, "b": {"c": 1}})
        );
    }

    #[test]
    fn flags_are_read_from_booleans_and_texts() {
        let bench = Bench::with(json!({"inputs": {"yes": true}}));
        for (written, read) in [
            (json!(true), Ok(true)),
            (json!("FALSE"), Ok(false)),
            (json!("{{ inputs.yes }}"), Ok(true)),
            (json!(null), Ok(true)),
            (json!("maybe"), Err(())),
        ] {
            let properties = json!({"flag": written});
            bench.call(&properties, |call| {
                assert_eq!(call.flag("flag", true).map_err(drop), read, "{properties}")
            });
        }
    }

    #[test]
    fn structures_may_be_texts_of_json() {
        let bench = Bench::with(json!({"inputs": {"list": "[1,2]"}}));
        bench.call(
            &json!({"list": "{{ inputs.list }}", "map": {"a": "{{ inputs.list }}"}, "bad": "{"}),
            |call| {
                assert_eq!(call.list("list"), Ok(Some(vec![json!(1), json!(2)])));
                assert_eq!(call.map("map").map(Json::Object), Ok(json!({"a": "[1,2]"})));
                assert_eq!(call.list("none"), Ok(None));
                assert!(call.list("map").is_err());
                assert!(call.map("bad").is_err());
            },
        );
    }
}
