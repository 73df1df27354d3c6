//! Takes attempts over from workers that may have died.
//!
//! An attempt that ends its process ends the other attempts of the process as well. All of them are taken over at the
//! same time, when their claims expire. If they ran together again, they would die together again, until all of them had
//! failed. So in one process they run one after another: only the attempt that is the cause dies again.

use jiff::{SignedDuration, Timestamp};
use segue_ports::wire::TaskRunMessage;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How far the clocks of two workers may differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(10);

/// The place in a process for one attempt that was taken over.
#[derive(Debug)]
pub(crate) struct Takeovers(Semaphore);

/// Whether an attempt may run.
pub(crate) enum Turn<'a> {
    /// The attempt may run. The permit is held until its end.
    Now {
        /// None: the attempt need not wait for others.
        _permit: Option<SemaphorePermit<'a>>,
    },
    /// Another attempt that was taken over runs in this process.
    Later,
}

impl Takeovers {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(1))
    }

    /// Waits for the turn of the message's attempt, for as long as `patience`. A message that did not find its attempt
    /// with another worker need not wait.
    pub(crate) async fn turn(&self, message: &TaskRunMessage, patience: Duration) -> Turn<'_> {
        if !message.held_before {
            return Turn::Now { _permit: None };
        }
        match tokio::time::timeout(patience, self.0.acquire()).await {
            Ok(permit) => Turn::Now { _permit: permit.ok() },
            Err(_) => Turn::Later,
        }
    }
}

/// The time to look again at an attempt that another worker holds until `until`. A message that looks for the second
/// time was delivered when the claim should have ended. If it has not ended here, the clock of this worker may be behind,
/// so the message waits for as much longer. A bus may also drop a delayed message that is equal to an earlier one.
pub(crate) fn next_look(message: &TaskRunMessage, until: Timestamp, now: Timestamp) -> Timestamp {
    if !message.held_before {
        return until;
    }
    let behind = until.duration_since(now).clamp(SignedDuration::ZERO, CLOCKS_DIFFER);
    until.checked_add(behind).unwrap_or(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::tests::message;
    use serde_json::json;

    fn second_look() -> TaskRunMessage {
        TaskRunMessage { held_before: true, ..message(json!({})) }
    }

    #[tokio::test]
    async fn attempts_that_were_taken_over_run_one_after_another() {
        let takeovers = Takeovers::new();
        let short = Duration::from_millis(10);
        let first = takeovers.turn(&second_look(), short).await;
        assert!(matches!(first, Turn::Now { _permit: Some(_) }));
        assert!(matches!(takeovers.turn(&second_look(), short).await, Turn::Later));
        assert!(matches!(takeovers.turn(&message(json!({})), short).await, Turn::Now { _permit: None }));
        drop(first);
        assert!(matches!(takeovers.turn(&second_look(), short).await, Turn::Now { _permit: Some(_) }));
    }

    #[test]
    fn a_second_look_comes_later_by_as_much_as_the_clocks_differ() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |seconds| now + SignedDuration::from_secs(seconds);
        assert_eq!(next_look(&message(json!({})), at(5), now), at(5));
        assert_eq!(next_look(&second_look(), at(5), now), at(10));
        assert_eq!(next_look(&second_look(), at(60), now), at(70));
        assert_eq!(next_look(&second_look(), now, at(1)), now);
    }
}
