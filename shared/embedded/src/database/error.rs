//! Errors between an adapter and the database, private to this crate.

use segue_ports::PortError;
use thiserror::Error;

/// An error of the database.
#[derive(Debug, Error)]
pub(crate) enum DbError {
    /// SQLite returned an error.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A stored value does not have the format of this version.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The transaction with the change was not written to the file.
    #[error("nothing was written: {0}")]
    NotWritten(String),
    /// The file does not have the content that was written.
    #[error("the state database is damaged ({0}); restore a backup with `segue restore`")]
    Damaged(String),
    /// The writer has ended.
    #[error("the state database was closed")]
    Closed,
    /// An error that the port returns unchanged.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl DbError {
    /// Converts the error to the error of `port`.
    pub(crate) fn at(self, port: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            other => PortError::unavailable(port, other),
        }
    }
}
