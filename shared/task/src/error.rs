//! The ways an attempt fails, each with its consequence.

use segue_lookups::outbound::NotSent;
use segue_model::Map;
use segue_ports::PortError;
use segue_template::RenderError;
use std::time::Duration;
use thiserror::Error;

/// An error of an attempt.
#[derive(Debug, Error)]
pub enum TaskError {
    /// The task failed: the message is acknowledged, the attempt ends FAILED, and the flow's own retry
    /// decides.
    #[error("{message}")]
    Failed {
        /// What happened, where, and what to do.
        message: String,
        /// The outputs that the task has in spite of the failure.
        outputs: Box<Map>,
    },
    /// The platform failed: the message is delivered again.
    #[error("{0}")]
    Platform(PortError),
    /// The work continues outside the service. The task is run again after the delay, to check on the work.
    /// Use [`TaskContext::unfinished`](crate::TaskContext::unfinished) to create this error.
    #[error("the work continues outside the service; the next check is in {look_again:?}")]
    Unfinished {
        /// The delay until the next check.
        look_again: Duration,
    },
    /// The attempt was stopped, because it was killed or its lease expired.
    #[error("the task was stopped")]
    Stopped,
}

impl TaskError {
    /// A failure of the task.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), outputs: Box::default() }
    }

    /// A failure of the task that still has outputs.
    pub fn failed_with(message: impl Into<String>, outputs: Map) -> Self {
        Self::Failed { message: message.into(), outputs: Box::new(outputs) }
    }
}

impl From<PortError> for TaskError {
    fn from(error: PortError) -> Self {
        if error.is_transient() { Self::Platform(error) } else { Self::failed(error.to_string()) }
    }
}

impl From<NotSent> for TaskError {
    fn from(error: NotSent) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<RenderError> for TaskError {
    fn from(error: RenderError) -> Self {
        Self::failed(error.to_string())
    }
}
