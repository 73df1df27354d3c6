//! Errors inside the adapter, before they become errors of the port.

use crate::denied::denied;
use firestore::errors::FirestoreError;
use firestore::gcloud_sdk::tonic::{Code, Status};
use segue_ports::PortError;
use thiserror::Error;

/// An error of the adapter.
#[derive(Debug, Error)]
pub(crate) enum DbError {
    /// A write had a condition that no longer holds. Nothing was written.
    #[error("a document was changed by another process in the meantime")]
    Refused,
    /// Firestore returned an error, or did not answer.
    #[error("{}: {}", .0.code(), .0.message())]
    Status(Box<Status>),
    /// An error of a port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A text that cannot be parsed.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A document without a required field.
    #[error("the document {document} has no {field}")]
    Field {
        /// The name of the document.
        document: String,
        /// The name of the field.
        field: &'static str,
    },
}

impl DbError {
    /// The error of the port. `what` names the thing that should be changed.
    pub(crate) fn about(self, port: &'static str, what: impl Into<String>) -> PortError {
        match self {
            Self::Refused => PortError::Conflict { what: what.into() },
            other => other.at(port),
        }
    }

    /// The error of the port.
    pub(crate) fn at(self, port: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            // Callers that expect a refusal name the thing. Elsewhere, a refusal is a conflict that outlasted
            // the tries.
            Self::Refused => PortError::unavailable(port, self),
            Self::Status(status) => match status.code() {
                Code::InvalidArgument => PortError::invalid(format!("{port}: {}", status.message())),
                Code::PermissionDenied | Code::Unauthenticated => denied(port, "Firestore", status.message()),
                _ => PortError::unavailable(port, Self::Status(status)),
            },
            Self::Json(_) | Self::Field { .. } => PortError::invalid(format!("{port}: {self}")),
        }
    }

    /// Whether a read may be repeated at once.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Status(status) if matches!(
            status.code(),
            Code::Unavailable | Code::Aborted | Code::Internal | Code::DeadlineExceeded | Code::ResourceExhausted
        ))
    }
}

impl From<Status> for DbError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::AlreadyExists | Code::FailedPrecondition | Code::NotFound => Self::Refused,
            _ => Self::Status(Box::new(status)),
        }
    }
}

impl From<FirestoreError> for DbError {
    fn from(error: FirestoreError) -> Self {
        Self::Port(PortError::unavailable("state store", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_fails_is_told_from_a_platform_that_fails() {
        for code in [Code::AlreadyExists, Code::FailedPrecondition, Code::NotFound] {
            assert!(matches!(DbError::from(Status::new(code, "x")), DbError::Refused), "{code}");
        }
        let down = DbError::from(Status::unavailable("down"));
        assert!(down.is_passing());
        assert!(matches!(down.at("state store"), PortError::Unavailable { .. }));
        let wrong = DbError::from(Status::invalid_argument("too large"));
        assert!(!wrong.is_passing());
        assert!(matches!(wrong.at("state store"), PortError::Invalid { .. }));
        assert!(matches!(DbError::Refused.about("state store", "x"), PortError::Conflict { .. }));
    }
}
