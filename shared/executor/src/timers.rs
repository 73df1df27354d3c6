//! How timers come due: a process that always runs watches them, or each timer is delivered as a message when
//! it is due.
//!
//! The row in the state store is authoritative: a message does nothing if its timer is gone or was set again
//! for a later time. So a message may come twice, late, or for a step that was never committed.

use crate::executor::{Executor, execution_message};
use jiff::{SignedDuration, Timestamp};
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use segue_ports::state::Timer;
use segue_ports::{PortError, TimersBy};

/// A timer that is due later than this is published before the commit that sets it, so that no crash can lose
/// it: the commit is written long before the message is delivered; without a commit the message does nothing.
/// A timer that is due sooner is published after the commit. If the process crashes in between, the sweep
/// finds the timer.
const FAR: SignedDuration = SignedDuration::from_secs(30);
/// The largest number of timers that fire at once. Delivered timers stay in the store, so the number must be larger
/// than the number of timers that can be overdue after an outage.
const MOST_TIMERS: u32 = 10_000;
/// How far the clock of the delivering service may be ahead of this machine's clock for a timer to fire at once.
const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// How far that clock may be ahead for a message that comes early to be sent again. An earlier message is of a timer that
/// was set again for a later time.
const MOST_SKEW: SignedDuration = SignedDuration::from_secs(60);

impl Executor {
    /// The timers to publish before the commit, and the timers to publish after it.
    pub(crate) fn by_distance(&self, timers: &[Timer], now: Timestamp) -> (Vec<Timer>, Vec<Timer>) {
        match self.ports().timers {
            TimersBy::Watching => (Vec::new(), Vec::new()),
            TimersBy::Delivery => {
                timers.iter().cloned().partition(|timer| timer.due.duration_since(now) > FAR)
            }
        }
    }

    /// The timers that are not stored as they are. The others have their message, or the sweep fires them.
    pub(crate) async fn missing(&self, timers: Vec<Timer>) -> Result<Vec<Timer>, PortError> {
        let mut missing = Vec::new();
        for timer in timers {
            let stored = self.ports().state.timer(&timer.execution_id, &timer.key).await?;
            if stored.is_none_or(|stored| stored.due != timer.due) {
                missing.push(timer);
            }
        }
        Ok(missing)
    }

    /// Publishes a message for each timer, to be delivered when the timer is due.
    pub(crate) async fn deliver_timers(&self, timers: Vec<Timer>) -> Result<(), PortError> {
        for timer in timers {
            let fired = Event::TimerFired { key: timer.key };
            let message = execution_message(&timer.execution_id, fired);
            self.ports().bus.publish_at(vec![message], timer.due).await?;
        }
        Ok(())
    }

    /// Whether a timer is still set and due. A watched timer was removed from the store when it fired.
    ///
    /// If a message comes early, the clock of this machine may be behind the clock of the bus. Nobody else would send
    /// the message again, so it is published again for as much later. If the timer was set again for a later time, this
    /// message does nothing when it arrives after the other one.
    pub(crate) async fn is_due(&self, execution: &ExecutionId, key: &str) -> Result<bool, PortError> {
        if self.ports().timers == TimersBy::Watching {
            return Ok(true);
        }
        let Some(timer) = self.ports().state.timer(execution, key).await? else { return Ok(false) };
        let early = timer.due.duration_since(self.ports().clock.now());
        if early <= SKEW {
            return Ok(true);
        }
        if early <= MOST_SKEW {
            let due = timer.due.checked_add(early).unwrap_or(timer.due);
            self.deliver_timers(vec![Timer { due, ..timer }]).await?;
        }
        Ok(false)
    }

    /// Fires the timers that are due, and returns how many. A crash between publishing and clearing fires a
    /// timer twice. Delivered timers stay until the step they cause, so this also finds timers with a lost
    /// message.
    ///
    /// # Errors
    /// An error of a port.
    pub async fn fire_timers(&self) -> Result<usize, PortError> {
        let timers = self.ports().state.due_timers(self.ports().clock.now(), MOST_TIMERS).await?;
        let messages = timers
            .iter()
            .map(|timer| execution_message(&timer.execution_id, Event::TimerFired { key: timer.key.clone() }))
            .collect();
        self.ports().bus.publish(messages).await?;
        if self.ports().timers == TimersBy::Watching {
            for timer in &timers {
                self.ports().state.clear_timer(timer).await?;
            }
        }
        Ok(timers.len())
    }
}
