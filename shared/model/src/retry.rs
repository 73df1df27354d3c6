//! Retry policies (docs/kestra.md 1.3).

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// When and how often something that failed is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How the delay before the next attempt is found.
    pub delay: RetryDelay,
    /// All attempts, the first included; none is no limit.
    pub max_attempts: Option<u32>,
    /// The next attempt must not start later than this after the first attempt's start.
    pub max_duration: Option<SignedDuration>,
    /// Success after a retry ends as WARNING.
    pub warning_on_retry: bool,
    /// What is done again.
    pub behavior: RetryBehavior,
}

/// How the delay before the next attempt is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RetryDelay {
    /// Always the same.
    Constant {
        /// The delay.
        interval: SignedDuration,
    },
    /// Growing with the attempts: interval × factor × (attempt − 1), at most `max_interval`.
    Exponential {
        /// The unit of the delay.
        interval: SignedDuration,
        /// The longest delay.
        max_interval: SignedDuration,
        /// The factor, 2 unless given.
        delay_factor: f64,
    },
    /// Uniform in `[min_interval, max_interval)`.
    Random {
        /// The shortest delay.
        min_interval: SignedDuration,
        /// The longest delay, exclusive.
        max_interval: SignedDuration,
    },
}

/// What is done again after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RetryBehavior {
    /// The failed task.
    #[default]
    RetryFailedTask,
    /// The whole flow, as a new execution.
    CreateNewExecution,
}
