//! Why the scheduler does not do what it is asked for.

use segue_executor::CreateError;
use segue_ports::PortError;
use thiserror::Error;

/// Why the scheduler does not do what it is asked for; nothing was changed.
#[derive(Debug, Error)]
pub enum SchedulerError {
    /// There is no such flow, trigger or backfill.
    #[error("{0}")]
    NotFound(String),
    /// It is not in a state for that.
    #[error("{0}")]
    IllegalState(String),
    /// What is asked for cannot be.
    #[error("{0}")]
    Invalid(String),
    /// No execution was made.
    #[error(transparent)]
    Create(CreateError),
    /// A port failed.
    #[error(transparent)]
    Port(PortError),
}

impl From<PortError> for SchedulerError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::NotFound { what } => Self::NotFound(format!("there is no {what}")),
            other => Self::Port(other),
        }
    }
}

impl From<CreateError> for SchedulerError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Port(error) => error.into(),
            other => Self::Create(other),
        }
    }
}
