//! What is wrong with a flow: code, location, message, hint. Each code has a page in `docs/errors/`.

pub mod codes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A location in a source text. Line and column count from 1. Zero stands for "the whole file".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the flow runs.
    Note,
    /// Likely a mistake; the flow runs.
    Warning,
    /// The flow is refused.
    Error,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// Stable, `SEG0101`; see `docs/errors/`.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// Where.
    pub position: Position,
    /// What, and in which flow, task or property.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A problem that refuses the flow.
    pub fn error(code: &str, position: Position, message: impl Into<String>) -> Self {
        Self { code: code.into(), severity: Severity::Error, position, message: message.into(), hint: None }
    }

    /// Something that is only told.
    pub fn note(code: &str, position: Position, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, position, message) }
    }

    /// Something that is likely a mistake.
    pub fn warning(code: &str, position: Position, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, position, message) }
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(
            f,
            "{}:{}: {severity}[{}]: {}",
            self.position.line, self.position.column, self.code, self.message
        )?;
        if let Some(hint) = &self.hint {
            write!(f, "\n    hint: {hint}")?;
        }
        Ok(())
    }
}
