//! Errors of rendering an expression.
//!
//! Knows only messages and positions in a template, never where the template came from. A new failure that a
//! caller must distinguish is one more variant here.

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The expression asked for something that was not fetched yet: see [`crate::LookupTable`]. Fetch the
    /// pending answers and render again.
    #[error("the expression needs an answer that has not been fetched yet: fetch it and render again")]
    Pending,
    /// The template cannot be parsed.
    #[error("{message} at line {line}, column {column}")]
    Syntax {
        /// What was found and what was expected.
        message: String,
        /// Line in the template, from 1.
        line: u32,
        /// Column in that line, in characters, from 1.
        column: u32,
    },
    /// A variable or an attribute does not exist (docs/kestra.md 3.1).
    #[error("Unable to find `{name}` used in the expression `{template}` at line {line}")]
    Undefined {
        /// The root variable or the attribute.
        name: String,
        /// The template that used it.
        template: String,
        /// Line in the template, from 1.
        line: u32,
    },
    /// An operator, a filter or a function refused its operands.
    #[error("{message} ({template}:{line})")]
    Failed {
        /// What was refused and why.
        message: String,
        /// The template it happened in.
        template: String,
        /// Line in the template, from 1.
        line: u32,
    },
    /// The template does more work than a rendering may do.
    #[error("the expression `{template}` does too much work: it is stopped after {fuel} steps")]
    OutOfFuel {
        /// The template that was stopped.
        template: String,
        /// The allowance it used up.
        fuel: u64,
    },
    /// The caller's meter stopped the template: see [`crate::Meter`].
    #[error("the expression `{template}` {why}: it is stopped")]
    Stopped {
        /// The template that was stopped.
        template: String,
        /// What it did, as the end of a sentence: `took longer than 5 s`.
        why: String,
    },
}

/// An error inside an operator, filter or function, before its position is known.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A message. The renderer adds the position.
    Message(String),
    /// A complete error.
    Render(RenderError),
    /// The allowance of work is used up.
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
