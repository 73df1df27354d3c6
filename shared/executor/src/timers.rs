//! How timers come due: watched for by a process that is always up, or each delivered as a message at its time.
//!
//! The row in the state store is what counts: a message about a timer that is gone, or was set anew for later, does
//! nothing. So a message may come twice, late, or for a step that was never committed.

use crate::executor::{Executor, execution_message};
use jiff::{SignedDuration, Timestamp};
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use segue_ports::state::Timer;
use segue_ports::{PortError, TimersBy};

/// A timer further ahead than this is published before the commit that sets it, so that no crash can lose it: by
/// the time it is delivered the commit is in, or it does nothing. One that is due sooner is published after the
/// commit; a crash between the two leaves it to the sweep.
const FAR: SignedDuration = SignedDuration::from_secs(30);
/// How much the clock of who delivers may be ahead of this one.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

impl Executor {
    /// The timers whose messages are to be published: before the commit, and after it.
    pub(crate) fn by_distance(&self, timers: &[Timer], now: Timestamp) -> (Vec<Timer>, Vec<Timer>) {
        match self.ports().timers {
            TimersBy::Watching => (Vec::new(), Vec::new()),
            TimersBy::Delivery => {
                timers.iter().cloned().partition(|timer| timer.due.duration_since(now) > FAR)
            }
        }
    }

    /// Has each timer's message delivered when it is due.
    pub(crate) async fn deliver_timers(&self, timers: Vec<Timer>) -> Result<(), PortError> {
        for timer in timers {
            let fired = Event::TimerFired { key: timer.key };
            let message = execution_message(&timer.execution_id, fired);
            self.ports().bus.publish_at(vec![message], timer.due).await?;
        }
        Ok(())
    }

    /// Whether a timer is still there and due. One that is watched for was taken out of the store when it fired.
    pub(crate) async fn is_due(&self, execution: &ExecutionId, key: &str) -> Result<bool, PortError> {
        if self.ports().timers == TimersBy::Watching {
            return Ok(true);
        }
        let timer = self.ports().state.timer(execution, key).await?;
        Ok(timer.is_some_and(|timer| timer.due.duration_since(self.ports().clock.now()) <= SKEW))
    }

    /// Fires the timers that are due; a crash between publishing and clearing fires one twice. Those that are
    /// delivered stay until the step they cause: this finds the ones whose message was lost.
    ///
    /// # Errors
    /// What a port said.
    pub async fn fire_timers(&self) -> Result<usize, PortError> {
        let timers = self.ports().state.due_timers(self.ports().clock.now(), 500).await?;
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
