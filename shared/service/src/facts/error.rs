//! A `function.yaml` that cannot be used.

use std::fmt::Display;
use thiserror::Error;

/// A `function.yaml` that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FactsError {
    /// The text is not YAML, or a key is unknown, missing or of another type.
    #[error("function.yaml cannot be read: {0}; docs/function-yaml.md explains every key")]
    Unreadable(String),
    /// A value that Google Cloud would refuse.
    #[error("function.yaml has {key}: {value}; it must be {expected}")]
    Value {
        /// The key, with the keys above it.
        key: &'static str,
        /// The value.
        value: String,
        /// The values that are allowed.
        expected: &'static str,
    },
}

impl FactsError {
    pub(super) fn unreadable(error: impl Display) -> Self {
        Self::Unreadable(error.to_string())
    }

    pub(super) fn value(key: &'static str, value: impl Display, expected: &'static str) -> Self {
        Self::Value { key, value: value.to_string(), expected }
    }
}
