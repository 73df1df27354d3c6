//! Labels of flows and executions (docs/kestra.md 1.5).

use crate::Json;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashMap;

/// Up to this many labels, a search through the list is faster than an index of the keys.
const FEW: usize = 16;

/// A label. Keys that begin with `system.` are reserved for Segue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// The key. It may contain dots.
    pub key: String,
    /// The value, always a text.
    pub value: String,
}

impl Label {
    /// A label with this key and value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// Whether the key is reserved for Segue.
    pub fn is_system(&self) -> bool {
        self.key.starts_with("system.")
    }
}

/// Sets a label. A label with the same key is replaced in its place. A new key is added at the end.
pub fn set_label(labels: &mut Vec<Label>, label: Label) {
    match labels.iter_mut().find(|known| known.key == label.key) {
        Some(known) => known.value = label.value,
        None => labels.push(label),
    }
}

/// Sets labels one after another, each like [`set_label`]. The time grows with the number of labels, not with its
/// square.
pub fn set_labels(labels: &mut Vec<Label>, added: Vec<Label>) {
    if labels.len().saturating_add(added.len()) <= FEW {
        added.into_iter().for_each(|label| set_label(labels, label));
        return;
    }
    let mut indexes: HashMap<String, usize> = HashMap::with_capacity(labels.len());
    for (index, label) in labels.iter().enumerate() {
        // If a key occurs twice, the first label with the key counts.
        indexes.entry(label.key.clone()).or_insert(index);
    }
    for label in added {
        match indexes.get(&label.key).and_then(|index| labels.get_mut(*index)) {
            Some(known) => known.value = label.value,
            None => {
                indexes.insert(label.key.clone(), labels.len());
                labels.push(label);
            }
        }
    }
}

/// Reads labels in both forms that people write: a map of scalars, or a list of `{key, value}` (docs/kestra.md 1.1).
///
/// # Errors
/// If the value has neither form.
pub fn from_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Label>, D::Error> {
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    let mut labels = Vec::new();
    let mut add = |key: &str, value: &Json| match text(value) {
        Some(value) => {
            labels.push(Label::new(key, value));
            Ok(())
        }
        None => Err(D::Error::custom(format!(
            "the label '{key}' is {value}, but must be a text, a number or a boolean"
        ))),
    };
    match Json::deserialize(deserializer)? {
        Json::Null => {}
        Json::Object(map) => map.iter().try_for_each(|(key, value)| add(key, value))?,
        Json::Array(items) => {
            for item in &items {
                match (item.get("key").and_then(Json::as_str), item.get("value")) {
                    (Some(key), Some(value)) => add(key, value)?,
                    _ => {
                        return Err(D::Error::custom(format!("{item} is not a label: write {{key, value}}")));
                    }
                }
            }
        }
        other => {
            return Err(D::Error::custom(format!(
                "labels must be a map, or a list of {{key, value}}, not {other}"
            )));
        }
    }
    let mut distinct = Vec::new();
    set_labels(&mut distinct, labels);
    Ok(distinct)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn many_labels_are_set_as_few_are() {
        let label = |at: usize| Label::new(format!("k{}", at % 37), at.to_string());
        let mut one_by_one: Vec<Label> = (0..5).map(label).collect();
        let mut at_once = one_by_one.clone();
        (5..200).map(label).for_each(|added| set_label(&mut one_by_one, added));
        set_labels(&mut at_once, (5..200).map(label).collect());
        assert_eq!(at_once, one_by_one);
    }

    #[test]
    fn labels_are_read_as_a_map_and_as_a_list() {
        let read = |value: Json| from_any(value).map_err(|error| error.to_string());
        let expected = vec![Label::new("a", "1"), Label::new("b", "true")];
        assert_eq!(read(json!({"a": 1, "b": true})).unwrap(), expected);
        assert_eq!(
            read(json!([{"key": "a", "value": "0"}, {"key": "b", "value": true}, {"key": "a", "value": 1}]))
                .unwrap(),
            expected
        );
        assert_eq!(read(json!(null)).unwrap(), []);
        for (wrong, part) in
            [(json!({"a": []}), "the label 'a'"), (json!([1]), "is not a label"), (json!(3), "a map")]
        {
            assert!(read(wrong.clone()).unwrap_err().contains(part), "{wrong}");
        }
    }
}
