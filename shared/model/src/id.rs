//! Identifiers. Every id is a hash of its cause and never random. So a message that is delivered twice yields the same
//! id twice and does no harm.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text that is already an id.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
    };
}

id_type! {
    /// The id of an execution: 22 characters, letters and digits.
    ExecutionId
}
id_type! {
    /// The id of a task run: 22 characters, letters and digits.
    TaskRunId
}

impl ExecutionId {
    /// The id that follows from the cause of the execution, for example flow, trigger and slot, or the parent task run.
    pub fn derive(parts: &[&str]) -> Self {
        Self::new(friendly_id(parts))
    }
}

impl TaskRunId {
    /// The id of a task run. It follows from the execution, the parent task run, the task, the value of the loop and
    /// the iteration.
    pub fn derive(
        execution: &ExecutionId,
        parent: Option<&TaskRunId>,
        task: &str,
        value: Option<&str>,
        iteration: Option<u64>,
    ) -> Self {
        let iteration = iteration.map(|number| number.to_string());
        Self::new(friendly_id(&[
            execution.as_str(),
            parent.map_or("", TaskRunId::as_str),
            task,
            if value.is_some() { "v" } else { "" },
            value.unwrap_or_default(),
            iteration.as_deref().unwrap_or_default(),
        ]))
    }
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An id of 22 letters and digits that depends only on `parts` (128 bits of SHA-256).
pub fn friendly_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut number = digest.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    let mut text = Vec::with_capacity(22);
    for _ in 0..22 {
        let digit = usize::try_from(number % 62).unwrap_or_default();
        text.push(ALPHABET.get(digit).copied().unwrap_or(b'0'));
        number /= 62;
    }
    text.reverse();
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_function_of_its_parts() {
        assert_eq!(friendly_id(&["a", "b"]), friendly_id(&["a", "b"]));
        assert_ne!(friendly_id(&["ab", ""]), friendly_id(&["a", "b"]));
        assert_eq!(friendly_id(&["a"]).len(), 22);
    }

    #[test]
    fn a_missing_value_is_not_an_empty_one() {
        let execution = ExecutionId::from("e");
        assert_ne!(
            TaskRunId::derive(&execution, None, "t", None, None),
            TaskRunId::derive(&execution, None, "t", Some(""), None)
        );
    }
}
