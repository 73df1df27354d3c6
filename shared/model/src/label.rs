//! Labels of flows and executions (kestra-compat.md 1.5).

use serde::{Deserialize, Serialize};

/// One label. Keys that begin with `system.` are Segue's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The key, dots allowed.
    pub key: String,
    /// The value, always text.
    pub value: String,
}

impl Label {
    /// A label of that key and value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// Whether the key is reserved for Segue.
    pub fn is_system(&self) -> bool {
        self.key.starts_with("system.")
    }
}

/// Sets a label, in place where the key is there already, else at the end.
pub fn set_label(labels: &mut Vec<Label>, label: Label) {
    match labels.iter_mut().find(|known| known.key == label.key) {
        Some(known) => known.value = label.value,
        None => labels.push(label),
    }
}
