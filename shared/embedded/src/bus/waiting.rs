//! What a worker must not hand out yet.

use super::lane::Held;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use tokio::time::Instant;

/// Messages that wait for their time.
#[derive(Default)]
pub(super) struct Waiting {
    /// Ids of messages that wait in the file for their retry.
    retries: BinaryHeap<Reverse<(Instant, i64)>>,
    /// Messages that fault injection holds back.
    held_back: BTreeMap<(Instant, u64), Held>,
    /// Tells messages apart that are due at the same instant.
    count: u64,
}

impl Waiting {
    /// The message of that id is to be read from the file then.
    pub(super) fn retry(&mut self, due: Instant, id: i64) {
        self.retries.push(Reverse((due, id)));
    }

    /// Holds a message back until then.
    pub(super) fn hold_back(&mut self, due: Instant, held: Held) {
        self.count += 1;
        self.held_back.insert((due, self.count), held);
    }

    /// The retries that are due, no longer waiting.
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

    /// The messages no longer to be held back.
    pub(super) fn due_messages(&mut self, now: Instant) -> Vec<Held> {
        let mut due = Vec::new();
        while let Some(entry) = self.held_back.first_entry()
            && entry.key().0 <= now
        {
            due.push(entry.remove());
        }
        due
    }

    /// When the next of them is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let retry = self.retries.peek().map(|Reverse((instant, _))| *instant);
        let message = self.held_back.keys().next().map(|(instant, _)| *instant);
        retry.into_iter().chain(message).min()
    }
}
