//! Decides when a failed attempt is repeated (docs/kestra.md 1.3, 2.4).

use jiff::{SignedDuration, Timestamp};
use segue_model::retry::{Retry, RetryDelay};

/// The time of the next attempt; `None` if there is no other attempt.
///
/// `attempts` is the number of attempts, including the failed one. `first_start` is the start of the first attempt.
/// `chance` is a random number in `[0, 1)` for a random delay.
pub fn next_attempt(
    retry: &Retry,
    attempts: u32,
    first_start: Timestamp,
    now: Timestamp,
    chance: f64,
) -> Option<Timestamp> {
    if retry.max_attempts.is_some_and(|max| attempts >= max) {
        return None;
    }
    let delay = match &retry.delay {
        RetryDelay::Constant { interval } => *interval,
        RetryDelay::Exponential { interval, max_interval, delay_factor } => {
            let times = delay_factor * f64::from(attempts.saturating_sub(1));
            scale(*interval, times).min(*max_interval)
        }
        RetryDelay::Random { min_interval, max_interval } => {
            *min_interval + scale(*max_interval - *min_interval, chance)
        }
    };
    let next = now.checked_add(delay).ok()?;
    match retry.max_duration {
        Some(max) if next > first_start.checked_add(max).ok()? => None,
        _ => Some(next),
    }
}

fn scale(duration: SignedDuration, times: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(duration.as_secs_f64() * times).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::retry::RetryBehavior;

    fn retry(delay: RetryDelay) -> Retry {
        Retry {
            delay,
            max_attempts: Some(3),
            max_duration: None,
            warning_on_retry: false,
            behavior: RetryBehavior::RetryFailedTask,
        }
    }

    #[test]
    fn attempts_count_the_first() {
        let policy = retry(RetryDelay::Constant { interval: SignedDuration::from_secs(5) });
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(next_attempt(&policy, 2, now, now, 0.0), Some(now + SignedDuration::from_secs(5)));
        assert_eq!(next_attempt(&policy, 3, now, now, 0.0), None);
    }

    #[test]
    fn the_first_exponential_delay_is_none() {
        let policy = retry(RetryDelay::Exponential {
            interval: SignedDuration::from_secs(2),
            max_interval: SignedDuration::from_secs(60),
            delay_factor: 2.0,
        });
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(next_attempt(&policy, 1, now, now, 0.0), Some(now));
        assert_eq!(next_attempt(&policy, 2, now, now, 0.0), Some(now + SignedDuration::from_secs(4)));
    }

    #[test]
    fn no_attempt_later_than_the_duration() {
        let mut policy = retry(RetryDelay::Constant { interval: SignedDuration::from_secs(5) });
        policy.max_duration = Some(SignedDuration::from_secs(4));
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(next_attempt(&policy, 1, now, now, 0.0), None);
    }
}
