//! Finds executions that nothing continues, because a message was lost, and continues them.

use crate::executor::{Executor, execution_message};
use jiff::{SignedDuration, Timestamp};
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use segue_ports::PortError;

/// The number of messages that are published at once.
const BATCH: usize = 500;
/// The time between two sweeps, with some delay of the second.
const INTERVAL: SignedDuration = SignedDuration::from_mins(90);
/// How long an execution is not written before the first check.
const FIRST: SignedDuration = SignedDuration::from_hours(1);

impl Executor {
    /// Sends `Continued` to every execution that has not ended, so that work is done again if its messages
    /// were lost in a crash. Returns the number of executions.
    ///
    /// # Errors
    /// An error of a port.
    pub async fn recover(&self) -> Result<usize, PortError> {
        let open = self.ports().state.open_executions().await?;
        self.continue_all(open.into_iter().map(|(id, _)| id).collect()).await
    }

    /// Sends `Continued` to the executions that were not written for long. Most of them wait for somebody or for a late
    /// time, so an execution is checked after 1, 2, 4, 8, … hours: a few times at all, however long it waits. Returns the
    /// number of executions.
    ///
    /// # Errors
    /// An error of a port.
    pub async fn recover_idle(&self) -> Result<usize, PortError> {
        let now = self.ports().clock.now();
        let open = self.ports().state.open_executions().await?;
        let idle =
            open.into_iter().filter(|(_, written)| written.is_none_or(|written| needs_check(written, now)));
        self.continue_all(idle.map(|(id, _)| id).collect()).await
    }

    async fn continue_all(&self, ids: Vec<ExecutionId>) -> Result<usize, PortError> {
        for batch in ids.chunks(BATCH) {
            let messages = batch.iter().map(|id| execution_message(id, Event::Continued)).collect();
            self.ports().bus.publish(messages).await?;
        }
        Ok(ids.len())
    }
}

/// Whether an execution has not been written for 1, 2, 4, 8, … hours, and was not at the sweep before.
fn needs_check(written: Timestamp, now: Timestamp) -> bool {
    let idle = now.duration_since(written);
    let mut step = FIRST;
    while step <= idle {
        if idle < step + INTERVAL {
            return true;
        }
        step = step.saturating_mul(2);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_checked_less_and_less_often() {
        let checked = |hours: i64| {
            let written = Timestamp::UNIX_EPOCH;
            needs_check(written, written + SignedDuration::from_hours(hours) + SignedDuration::from_mins(1))
        };
        let hours: Vec<i64> = (0..200).filter(|hours| checked(*hours)).collect();
        assert_eq!(hours, [1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129]);
    }
}
