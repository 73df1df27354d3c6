//! Errors of the scheduler.

use segue_executor::CreateError;
use segue_ports::PortError;
use thiserror::Error;

/// Why the scheduler refused a request. Nothing was changed.
#[derive(Debug, Error)]
pub enum SchedulerError {
    /// There is no such flow, trigger or backfill.
    #[error("{0}")]
    NotFound(String),
    /// The state of the trigger, flow or backfill does not allow the request.
    #[error("{0}")]
    IllegalState(String),
    /// The request is invalid.
    #[error("{0}")]
    Invalid(String),
    /// No execution was created.
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
