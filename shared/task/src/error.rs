//! How an attempt fails, with its verdict.

use segue_lookups::outbound::NotSent;
use segue_model::Map;
use segue_ports::PortError;
use segue_template::RenderError;
use std::time::Duration;
use thiserror::Error;

/// How an attempt fails.
#[derive(Debug, Error)]
pub enum TaskError {
    /// The task failed: the message is acknowledged, the attempt ends FAILED, the flow's own retry decides.
    #[error("{message}")]
    Failed {
        /// What happened, where, what to do.
        message: String,
        /// What the task gave out all the same.
        outputs: Box<Map>,
    },
    /// The platform failed: the message is delivered again.
    #[error("{0}")]
    Platform(PortError),
    /// The work goes on outside the service: this attempt is to be asked again after that time. Made by
    /// [`TaskContext::unfinished`](crate::TaskContext::unfinished).
    #[error("the work goes on and is looked at again in {look_again:?}")]
    Unfinished {
        /// After how long.
        look_again: Duration,
    },
    /// The attempt was taken away: a kill, or a lease that ran out.
    #[error("the task was stopped")]
    Stopped,
}

impl TaskError {
    /// A failure of the task.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), outputs: Box::default() }
    }

    /// A failure of the task that leaves outputs.
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
