//! What can go wrong at a port, by meaning. An adapter keeps its own errors private and converts them here.

use thiserror::Error;

/// What went wrong.
#[derive(Debug, Error)]
pub enum PortError {
    /// What was asked for is not there.
    #[error("{what} was not found")]
    NotFound {
        /// What, with its name.
        what: String,
    },
    /// It is there already.
    #[error("{what} exists already")]
    AlreadyExists {
        /// What, with its name.
        what: String,
    },
    /// Somebody else changed it meanwhile: load again and decide again.
    #[error("{what} was changed by somebody else meanwhile")]
    Conflict {
        /// What, with its name.
        what: String,
    },
    /// The request itself is wrong; trying again does not help.
    #[error("{message}")]
    Invalid {
        /// What is wrong and what to do.
        message: String,
    },
    /// The platform did not answer as it should; trying again may help.
    #[error("{port} is not available: {message}")]
    Unavailable {
        /// Which port.
        port: &'static str,
        /// What it said.
        message: String,
    },
}

impl PortError {
    /// A thing that is not there.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// A request that is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }

    /// A platform that fails.
    pub fn unavailable(port: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Unavailable { port, message: error.to_string() }
    }

    /// Whether the same request may work later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Conflict { .. })
    }
}
