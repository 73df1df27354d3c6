//! Messages that a worker must not hand out yet.

use super::lane::Held;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use tokio::time::Instant;

/// Messages that wait until they are due.
#[derive(Default)]
pub(super) struct Waiting {
    /// The ids of messages that wait in the file for their retry.
    retries: BinaryHeap<Reverse<(Instant, i64)>>,
    /// Messages that fault injection holds back, by the time of their delivery.
    held_back: BTreeMap<(Instant, u64), Held>,
    /// A number that distinguishes messages that are due at the same time.
    count: u64,
}

impl Waiting {
    /// Adds a retry. The message with this id is read from the file when it is due.
    pub(super) fn retry(&mut self, due: Instant, id: i64) {
        self.retries.push(Reverse((due, id)));
    }

    /// Holds a message back until it is due.
    pub(super) fn hold_back(&mut self, due: Instant, held: Held) {
        self.count += 1;
        self.held_back.insert((due, self.count), held);
    }

    /// Removes and returns the retries that are due.
    pub(super) fn due_retries(&mut self, now: Instant) -> Vec<i64> {
        let mut due = Vec::new();
        while let Some(&Reverse((instant, id))) = self.retries.peek()
            && instant <= now
        {
            self.retries.pop();
            due.push(id);
        }
        due
    }

    /// Removes and returns the messages that are no longer held back.
    pub(super) fn due_messages(&mut self, now: Instant) -> Vec<Held> {
        let mut due = Vec::new();
        while let Some(entry) = self.held_back.first_entry()
            && entry.key().0 <= now
        {
            due.push(entry.remove());
        }
        due
    }

    /// The time at which the next message is due. `None` if no message waits.
    pub(super) fn next(&self) -> Option<Instant> {
        let retry = self.retries.peek().map(|Reverse((instant, _))| *instant);
        let message = self.held_back.keys().next().map(|(instant, _)| *instant);
        retry.into_iter().chain(message).min()
    }
}
