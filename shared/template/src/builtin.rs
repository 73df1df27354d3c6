//! The parts of a function or a filter: its name, the names of its arguments, and its Rust code.
//!
//! To add a function or filter, write it in a matching file of `functions/` or `filters/`, and add a line to the table
//! in this file.

use crate::error::{Fault, Outcome};
use crate::java;
use crate::run::Run;
use minijinja::Value;

/// The code of a function or filter. The input of a filter is argument 0.
pub(crate) type Call = fn(&Run, &Args<'_>) -> Outcome;

/// A function or a filter.
#[derive(Debug)]
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) parameters: Parameters,
    pub(crate) call: Call,
}

/// How a call passes arguments. The input of a filter is not included.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parameters {
    /// By position or by one of these names.
    Named(&'static [&'static str]),
    /// Any number of arguments, by position only.
    Any,
}

/// A line of a table for a function or filter with named arguments: `builtin("name", &["argument"], function)`.
pub(crate) const fn builtin(name: &'static str, parameters: &'static [&'static str], call: Call) -> Builtin {
    Builtin { name, parameters: Parameters::Named(parameters), call }
}

/// A line of a table for a function or filter with any number of arguments.
pub(crate) const fn variadic(name: &'static str, call: Call) -> Builtin {
    Builtin { name, parameters: Parameters::Any, call }
}

/// The arguments of one call, by position. An omitted argument is undefined.
#[derive(Debug)]
pub(crate) struct Args<'a> {
    /// The called function or filter. Messages show it, for example `the 'date' filter`.
    pub(crate) callee: Callee,
    pub(crate) values: &'a [Value],
}

/// The called function or filter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callee {
    Function(&'static str),
    Filter(&'static str),
}

impl std::fmt::Display for Callee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function(name) => write!(f, "'{name}' function"),
            Self::Filter(name) => write!(f, "'{name}' filter"),
        }
    }
}

impl Args<'_> {
    /// The argument at a position. `None` if it is omitted or null.
    pub(crate) fn get(&self, index: usize) -> Option<&Value> {
        self.values.get(index).filter(|value| !value.is_undefined() && !value.is_none())
    }

    /// The argument at a position. Fails if it is omitted or null.
    pub(crate) fn required(&self, index: usize, name: &str) -> Result<&Value, Fault> {
        self.get(index).ok_or_else(|| format!("The {} expects an argument '{name}'.", self.callee).into())
    }

    /// A required argument that is a text.
    pub(crate) fn text(&self, index: usize, name: &str) -> Result<&str, Fault> {
        let value = self.required(index, name)?;
        value.as_str().ok_or_else(|| self.wrong_type(name, "string", value))
    }

    /// An optional argument that is a text. `None` if it is omitted or null.
    pub(crate) fn optional_text(&self, index: usize, name: &str) -> Result<Option<&str>, Fault> {
        match self.get(index) {
            None => Ok(None),
            Some(_) => self.text(index, name).map(Some),
        }
    }

    /// A required argument that is a whole number.
    pub(crate) fn int(&self, index: usize, name: &str) -> Result<i64, Fault> {
        let value = self.required(index, name)?;
        java::as_long(value).ok_or_else(|| self.wrong_type(name, "number", value))
    }

    /// An optional argument that is a whole number. `None` if it is omitted or null.
    pub(crate) fn optional_int(&self, index: usize, name: &str) -> Result<Option<i64>, Fault> {
        match self.get(index) {
            None => Ok(None),
            Some(_) => self.int(index, name).map(Some),
        }
    }

    /// An optional argument that is a boolean. `default` if it is omitted or null.
    pub(crate) fn flag(&self, index: usize, name: &str, default: bool) -> Result<bool, Fault> {
        match self.get(index) {
            None => Ok(default),
            Some(value) if value.kind() == minijinja::value::ValueKind::Bool => Ok(value.is_true()),
            Some(value) => Err(self.wrong_type(name, "boolean", value)),
        }
    }

    /// The error for an argument of the wrong type.
    pub(crate) fn wrong_type(&self, name: &str, wanted: &str, value: &Value) -> Fault {
        format!(
            "The {} expects an argument '{name}' with type {wanted}. Actual type was: {}",
            self.callee,
            java::class_name(value)
        )
        .into()
    }
}
