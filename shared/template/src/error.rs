//! Errors of rendering an expression.
//!
//! The module knows only messages and positions in a template. It does not know where the template comes from. To add a
//! failure that callers must distinguish, add a variant.

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The expression needs an answer that was not fetched yet (see [`crate::LookupTable`]). Fetch the pending answers
    /// and render again.
    #[error("the expression needs an answer that has not been fetched yet: fetch it and render again")]
    Pending,
    /// The template cannot be parsed.
    #[error("{message} at line {line}, column {column}")]
    Syntax {
        /// What was found and what was expected.
        message: String,
        /// The line in the template, from 1.
        line: u32,
        /// The column in the line, in characters, from 1.
        column: u32,
    },
    /// A variable or an attribute does not exist (docs/kestra.md 3.1).
    #[error("Unable to find `{name}` used in the expression `{template}` at line {line}")]
    Undefined {
        /// The name of the root variable or of the attribute.
        name: String,
        /// The template that uses the variable.
        template: String,
        /// The line in the template, from 1.
        line: u32,
    },
    /// An operator, a filter or a function failed, for example because an operand has the wrong type.
    #[error("{message} ({template}:{line})")]
    Failed {
        /// What failed and why.
        message: String,
        /// The template with the operator, filter or function.
        template: String,
        /// The line in the template, from 1.
        line: u32,
    },
    /// The template took more steps than a rendering may take.
    #[error("the expression `{template}` does too much work and was stopped after {fuel} steps; divide it")]
    OutOfFuel {
        /// The template that was stopped.
        template: String,
        /// The number of steps that the rendering was allowed to take.
        fuel: u64,
    },
    /// The caller's meter stopped the rendering (see [`crate::Meter`]).
    #[error("the expression `{template}` {why} and was stopped")]
    Stopped {
        /// The template that was stopped.
        template: String,
        /// Why it was stopped, as the end of a sentence about the expression: `took longer than 5 s`.
        why: String,
    },
}

/// An error inside an operator, filter or function, before its position is known.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A message. The renderer adds the position.
    Message(String),
    /// An error that already has its position.
    Render(RenderError),
    /// No steps are left.
    OutOfFuel,
    /// The meter stopped the rendering, for this reason.
    Stopped(String),
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

impl From<RenderError> for Fault {
    fn from(error: RenderError) -> Self {
        Self::Render(error)
    }
}

/// The result of an operator, filter or function.
pub(crate) type Outcome = Result<minijinja::Value, Fault>;
