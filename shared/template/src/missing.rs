//! The value of an undefined variable or attribute while an expression is evaluated.
//!
//! minijinja cannot catch an error, so undefined is a value: operators, filters and functions hand it on,
//! and only who uses it (printing, `if`, `for`, `set`) raises the error. `??`, `???`, `is defined` and
//! `default` look at it instead.

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};
use std::sync::Arc;

/// An undefined variable or attribute, and where it was used.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) line: u32,
    /// What minijinja's `and` and `or` take it for: false ends an `and`, true ends an `or`, and so it is
    /// handed on by both.
    truthy: bool,
}

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.truthy
    }
}

/// An undefined value.
pub(crate) fn missing(name: &str, line: u32) -> Value {
    Value::from_object(Missing { name: name.to_owned(), line, truthy: false })
}

/// The undefined value in a value.
pub(crate) fn as_missing(value: &Value) -> Option<&Missing> {
    value.downcast_object_ref::<Missing>()
}

/// Whether a value is undefined.
pub(crate) fn is_missing(value: &Value) -> bool {
    as_missing(value).is_some()
}

/// The undefined value as an operand of `and` (false) or `or` (true).
pub(crate) fn with_truth(missing: &Missing, truthy: bool) -> Value {
    Value::from_object(Missing { truthy, ..missing.clone() })
}
