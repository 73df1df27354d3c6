//! How a conversion fails.

use segue_task::TaskError;
use segue_task::records::port_error;
use std::io;
use thiserror::Error;

/// A conversion that failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The file is not what the task expects.
    #[error("{0}")]
    Refused(String),
    /// The file cannot be read, or the result cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Failure {
    /// A file that is not what the task expects.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    /// The failure of a library. An error of internal storage stays one, wherever it is inside.
    pub(crate) fn of_library(error: &(dyn std::error::Error + 'static), message: impl Into<String>) -> Self {
        let mut inner = Some(error);
        while let Some(error) = inner {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Self::Io(io::Error::new(error.kind(), error.to_string()));
            }
            inner = error.source();
        }
        Self::refused(message)
    }

    /// The error of the task. `uri` is the file.
    pub(crate) fn of(self, uri: &str) -> TaskError {
        match self {
            Self::Refused(message) => TaskError::failed(format!("{uri}: {message}")),
            Self::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                TaskError::failed(format!("{uri}: {error}"))
            }
            Self::Io(error) => port_error(error, uri),
        }
    }
}
