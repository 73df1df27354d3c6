//! Retry policies (docs/kestra.md 1.3).

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// When, and how often, a failed task or flow is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How the delay before the next attempt is calculated.
    pub delay: RetryDelay,
    /// The largest number of attempts, the first included; `None` for no limit.
    pub max_attempts: Option<u32>,
    /// The longest time between the start of the first attempt and the start of the last one; `None` for no limit.
    pub max_duration: Option<SignedDuration>,
    /// Whether a success after a retry ends WARNING instead of SUCCESS.
    pub warning_on_retry: bool,
    /// What runs again: the task, or the whole flow.
    pub behavior: RetryBehavior,
}

/// How the delay before the next attempt is calculated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RetryDelay {
    /// The same delay before every attempt.
    Constant {
        /// The delay.
        interval: SignedDuration,
    },
    /// A delay that grows with the attempts: interval × factor × (attempt − 1), at most `max_interval`.
    Exponential {
        /// The unit of the delay.
        interval: SignedDuration,
        /// The longest delay.
        max_interval: SignedDuration,
        /// The factor. The default is 2.
        delay_factor: f64,
    },
    /// A random delay, uniform in `[min_interval, max_interval)`.
    Random {
        /// The shortest delay.
        min_interval: SignedDuration,
        /// The longest delay, exclusive.
        max_interval: SignedDuration,
    },
}

/// What runs again after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RetryBehavior {
    /// The failed task runs again.
    #[default]
    RetryFailedTask,
    /// The whole flow runs again, as a new execution.
    CreateNewExecution,
}
