//! The errors of ports, named by meaning. An adapter keeps its own errors private and converts them here.

use thiserror::Error;

/// An error of a port.
#[derive(Clone, Debug, Error)]
pub enum PortError {
    /// The thing does not exist.
    #[error("{what} was not found")]
    NotFound {
        /// The kind and name of the thing.
        what: String,
    },
    /// The thing exists already.
    #[error("{what} exists already")]
    AlreadyExists {
        /// The kind and name of the thing.
        what: String,
    },
    /// Another process changed the thing in the meantime. The caller loads it again and decides again.
    #[error("{what} was changed by another process in the meantime")]
    Conflict {
        /// The kind and name of the thing.
        what: String,
    },
    /// The request is wrong. Trying again does not help.
    #[error("{message}")]
    Invalid {
        /// What is wrong, and what to do.
        message: String,
    },
    /// A quota of the platform is used up. Trying again helps, but only after minutes.
    #[error("{port} is at its limit: {message}")]
    Exhausted {
        /// The port: `containers`, …
        port: &'static str,
        /// The platform's message.
        message: String,
    },
    /// The platform did not answer as it should. Trying again may help.
    #[error("{port} is not available: {message}")]
    Unavailable {
        /// The port: `state store`, `event bus`, …
        port: &'static str,
        /// The platform's message.
        message: String,
    },
}

impl PortError {
    /// An error about a thing that does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// An error about a wrong request.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }

    /// An error of a platform that failed.
    pub fn unavailable(port: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Unavailable { port, message: error.to_string() }
    }

    /// Whether the same request may work later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Exhausted { .. } | Self::Conflict { .. })
    }
}
