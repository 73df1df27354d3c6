//! Events of one execution that wait while a step of the execution runs. The next step applies all of them and commits
//! once. So a wide loop does not write its execution once for each task run.
//!
//! The module must not know the state of the execution, or the store.

use segue_model::event::Event;
use segue_ports::PortError;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::time::Instant;

/// The largest number of events in one step.
const MOST: usize = 100;

/// The outcome of an event: false if the execution does not exist.
pub(crate) type Outcome = Result<bool, PortError>;

/// The waiting events of one execution, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    letters: Mutex<VecDeque<Letter>>,
    arrived: Notify,
}

/// An event, and the handler that waits for its outcome.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) event: Event,
    reply: Sender<Outcome>,
}

impl Letter {
    /// Tells the handler the outcome. A handler that has gone needs none: its message is delivered again.
    pub(crate) fn answer(self, outcome: Outcome) {
        let _ = self.reply.send(outcome);
    }
}

impl Mailbox {
    /// Adds an event. The receiver gets the outcome after the step of the event.
    pub(crate) fn put(&self, event: Event) -> Receiver<Outcome> {
        let (reply, outcome) = channel();
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).push_back(Letter { event, reply });
        self.arrived.notify_one();
        outcome
    }

    /// Takes the oldest events. Events of handlers that have gone are dropped.
    pub(crate) fn take(&self) -> Vec<Letter> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.retain(|letter| !letter.reply.is_closed());
        let count = letters.len().min(MOST);
        letters.drain(..count).collect()
    }

    /// Waits for more results. Returns at `deadline`, as soon as `enough` results are there, or as soon as another event
    /// is there.
    pub(crate) async fn gather(&self, enough: usize, deadline: Instant) {
        while self.may_wait(enough) {
            tokio::select! {
                () = self.arrived.notified() => {}
                () = tokio::time::sleep_until(deadline) => return,
            }
        }
    }

    fn may_wait(&self, enough: usize) -> bool {
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.len() < enough.min(MOST) && letters.iter().all(|letter| is_result(&letter.event))
    }
}

/// Whether an event is a result that can wait for other results. People wait for all other events.
fn is_result(event: &Event) -> bool {
    matches!(event, Event::TaskRunFinished(_) | Event::SubflowFinished { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_events_are_taken_first() {
        let mailbox = Mailbox::default();
        let key = |number: usize| Event::TimerFired { key: number.to_string() };
        let outcomes: Vec<_> = (0..MOST + 1).map(|number| mailbox.put(key(number))).collect();
        let first: Vec<Event> = mailbox.take().into_iter().map(|letter| letter.event).collect();
        assert_eq!(first, (0..MOST).map(key).collect::<Vec<_>>());
        assert_eq!(mailbox.take().len(), 1);
        drop(outcomes);
    }

    #[test]
    fn an_event_without_its_handler_is_dropped() {
        let mailbox = Mailbox::default();
        drop(mailbox.put(Event::Continued));
        let mut outcome = mailbox.put(Event::ExecutionCreated);
        let letters = mailbox.take();
        assert_eq!(letters.len(), 1);
        letters.into_iter().for_each(|letter| letter.answer(Ok(true)));
        assert!(outcome.try_recv().unwrap().unwrap());
    }
}
