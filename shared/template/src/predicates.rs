//! Evaluates Pebble's tests, such as `value is empty`. Only `defined` gets undefined values.
//!
//! To add a test, add a name and an arm.

use crate::error::Fault;
use crate::java::{self, as_long};
use crate::missing::is_missing;
use minijinja::Value;
use minijinja::value::ValueKind;

/// The names of the tests.
pub(crate) const NAMES: [&str; 8] = ["null", "empty", "defined", "even", "odd", "map", "iterable", "json"];

/// Whether a value passes a test.
pub(crate) fn passes(name: &str, value: &Value) -> Result<bool, Fault> {
    Ok(match name {
        "null" => value.is_none(),
        "defined" => !is_missing(value) && !value.is_none(),
        "empty" => is_empty(value),
        "even" | "odd" => {
            let Some(int) = as_long(value) else {
                return Err(format!(
                    "The test \"{name}\" expects a number. Actual type was: {}",
                    java::class_name(value)
                )
                .into());
            };
            (int % 2 == 0) == (name == "even")
        }
        "map" => value.kind() == ValueKind::Map,
        "iterable" => matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable),
        _ => value.as_str().is_some_and(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()),
    })
}

/// Whether a value is null, a blank text, or a list or map without entries.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => true,
        ValueKind::String => value.as_str().is_some_and(|text| text.trim().is_empty()),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => value.len() == Some(0),
        _ => false,
    }
}
