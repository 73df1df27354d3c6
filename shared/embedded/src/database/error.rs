//! What can go wrong between an adapter and the database, private to this crate.

use segue_ports::PortError;
use thiserror::Error;

/// What went wrong.
#[derive(Debug, Error)]
pub(crate) enum DbError {
    /// SQLite said no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A stored value is not what this version writes.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The whole transaction in which the change was made did not reach the file.
    #[error("nothing was written: {0}")]
    NotWritten(String),
    /// The file is not what was written.
    #[error("the state database is damaged ({0}); bring a backup back with `segue restore`")]
    Damaged(String),
    /// The writer is gone.
    #[error("the state database was closed")]
    Closed,
    /// It has a meaning of its own at the port.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl DbError {
    /// The error as the users of `port` see it.
    pub(crate) fn at(self, port: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            other => PortError::unavailable(port, other),
        }
    }
}
