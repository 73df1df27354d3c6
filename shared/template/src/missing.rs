//! The value of an undefined variable or attribute while an expression is evaluated.
//!
//! minijinja cannot catch an error, so undefined is a value. Operators, filters and functions return it unchanged. Code
//! that uses the value (printing, `if`, `for`, `set`) raises the error. `??`, `???`, `is defined` and `default` accept
//! it.

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};
use std::sync::Arc;

/// An undefined variable or attribute, and the line that uses it.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) line: u32,
    /// The truth of the value for minijinja's `and` and `or`. False ends an `and`, and true ends an `or`. So both
    /// return the undefined value.
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

/// The undefined value inside a minijinja value. `None` if the value is defined.
pub(crate) fn as_missing(value: &Value) -> Option<&Missing> {
    value.downcast_object_ref::<Missing>()
}

/// Whether a value is undefined.
pub(crate) fn is_missing(value: &Value) -> bool {
    as_missing(value).is_some()
}

/// The undefined value as an operand. `truthy` is false for `and` and true for `or`.
pub(crate) fn with_truth(missing: &Missing, truthy: bool) -> Value {
    Value::from_object(Missing { truthy, ..missing.clone() })
}
