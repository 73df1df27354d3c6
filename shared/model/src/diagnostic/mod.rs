//! A problem in a flow: code, location, message, hint. Each code has a page in `docs/errors/`.

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

/// How serious a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Information. The flow can run.
    Note,
    /// Probably a mistake. The flow can run.
    Warning,
    /// The flow is rejected.
    Error,
}

/// A problem in a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// The code, for example `SEG0101`. The page `docs/errors/SEG0101.md` explains it. A code never changes its
    /// meaning.
    pub code: String,
    /// How serious the problem is.
    pub severity: Severity,
    /// Where the problem is in the source.
    pub position: Position,
    /// What happened, and in which flow, task or property.
    pub message: String,
    /// What to do. `None` if there is no advice.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A problem that rejects the flow.
    pub fn error(code: &str, position: Position, message: impl Into<String>) -> Self {
        Self { code: code.into(), severity: Severity::Error, position, message: message.into(), hint: None }
    }

    /// A problem that is only information.
    pub fn note(code: &str, position: Position, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, position, message) }
    }

    /// A problem that is probably a mistake.
    pub fn warning(code: &str, position: Position, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, position, message) }
    }

    /// Adds a hint: what to do about the problem.
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
