//! When a request is made again.

use super::RestError;
use google_cloud_gax::backoff_policy::BackoffPolicy as _;
use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_state::RetryState;
use std::time::Duration;

/// How often it is made in all: with the delays, some 15 seconds at most unless Google asks for more patience.
pub(crate) const ATTEMPTS: u8 = 6;
/// The first delay at most.
const FIRST: Duration = Duration::from_millis(250);
/// Any delay at most, also one that Google asks for: whoever waits is answering a request himself.
const LONGEST: Duration = Duration::from_secs(20);

/// The tries of one request. A delay is a random part of a bound that doubles, so that those who were refused
/// together do not come again together.
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

    /// How long to wait before it is made again; none when that would not help, or was done often enough.
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
    fn what_google_asks_for_is_waited_but_not_for_ever() {
        let refused = |status, seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            RestError::from(Refusal { status, retry_after, ..Refusal::default() })
        };
        assert!(Retries::new().next(&refused(429, 3)).is_some_and(|delay| delay >= Duration::from_secs(3)));
        assert_eq!(Retries::new().next(&refused(503, 86_400)), Some(LONGEST));
        assert_eq!(Retries::new().next(&refused(404, 1)), None);
    }
}
