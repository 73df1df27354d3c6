//! Decides when a request is retried.

use super::RestError;
use google_cloud_gax::backoff_policy::BackoffPolicy as _;
use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_state::RetryState;
use std::time::Duration;

/// The number of tries. With the delays, they take at most 15 seconds, unless Google asks for longer delays.
pub(crate) const ATTEMPTS: u8 = 6;
/// The upper limit of the first delay.
const FIRST: Duration = Duration::from_millis(250);
/// The upper limit of any delay, also one that Google asks for: the caller is answering a request itself.
const LONGEST: Duration = Duration::from_secs(20);

/// The tries of one request. A delay is a random part of a limit that doubles, so that requests that were
/// refused together are not repeated together.
#[derive(Debug)]
pub(crate) struct Retries {
    backoff: ExponentialBackoff,
    made: u8,
}

impl Retries {
    pub(crate) fn new() -> Self {
        let backoff =
            ExponentialBackoffBuilder::new().with_initial_delay(FIRST).with_maximum_delay(LONGEST).clamp();
        Self { backoff, made: 0 }
    }

    /// The delay before the next try. None if a retry does not help, or all tries are used.
    pub(crate) fn next(&mut self, error: &RestError) -> Option<Duration> {
        self.made += 1;
        if self.made >= ATTEMPTS || !error.is_passing() {
            return None;
        }
        let state = RetryState::new(true).set_attempt_count(self.made);
        let asked = error.refusal().and_then(|refusal| refusal.retry_after).unwrap_or_default();
        Some(self.backoff.on_failure(&state).max(asked.min(LONGEST)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Refusal;
    use super::*;

    #[test]
    fn delays_grow_within_bounds_and_end() {
        let error = RestError::Connection("reset".to_owned());
        let mut retries = Retries::new();
        let delays: Vec<_> = std::iter::from_fn(|| retries.next(&error)).collect();
        assert_eq!(delays.len(), usize::from(ATTEMPTS) - 1);
        for (made, delay) in (0..).zip(delays) {
            assert!(delay <= FIRST * 2_u32.pow(made), "{made}: {delay:?}");
        }
    }

    #[test]
    fn a_delay_that_google_asks_for_has_a_limit() {
        let refused = |status, seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            RestError::from(Refusal { status, retry_after, ..Refusal::default() })
        };
        assert!(Retries::new().next(&refused(429, 3)).is_some_and(|delay| delay >= Duration::from_secs(3)));
        assert_eq!(Retries::new().next(&refused(503, 86_400)), Some(LONGEST));
        assert_eq!(Retries::new().next(&refused(404, 1)), None);
    }
}
