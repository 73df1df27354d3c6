//! What one topic holds in memory.
//!
//! The file is the truth; a lane spares most messages the way through it: a message that is published while
//! its worker has room is written to the file and handed over in memory. Whatever is not handed over is
//! marked by [`Lane::unloaded`] and read from the file when there is room.

use segue_ports::wire::Message;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Messages of one topic in memory at most, beyond what retries hold; more stay in the file.
const ROOM: usize = 256;

/// A message in memory.
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) message: Message,
    /// How often it came back before.
    pub(super) deliveries: u32,
    /// How often it was handed out after the end of a process and that delivery did not end.
    pub(super) begun: u32,
    /// A second copy made by fault injection: nothing in the file belongs to it.
    pub(super) copy: bool,
    /// Fault injection has had its turn.
    pub(super) disturbed: bool,
}

impl Held {
    pub(super) fn new(id: i64, message: Message, deliveries: u32) -> Self {
        Self { id, message, deliveries, begun: 0, copy: false, disturbed: false }
    }
}

/// A topic's messages in memory.
#[derive(Default)]
pub(super) struct Lane {
    /// Waiting to be handled.
    pub(super) ready: VecDeque<Held>,
    /// Ids that are in memory in whatever way, until their end is in the file: never loaded again.
    pub(super) held: HashSet<i64>,
    /// From that id on there may be messages in the file that are not held.
    pub(super) unloaded: Option<i64>,
    /// Somebody handles the topic.
    running: bool,
    /// Counts the times somebody began to.
    epoch: u64,
}

/// A lane with the bell that wakes its worker.
pub(super) struct LaneCell {
    lane: Mutex<Lane>,
    pub(super) bell: Notify,
}

impl LaneCell {
    /// A lane of which nothing has been read from the file yet.
    pub(super) fn new() -> Self {
        let lane = Lane { unloaded: Some(0), ..Lane::default() };
        Self { lane: Mutex::new(lane), bell: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a place in memory for messages about to be written; none when they must go by the file.
    pub(super) fn reserve(&self, ids: impl ExactSizeIterator<Item = i64>) -> Option<u64> {
        let mut lane = self.lock();
        // What waits in the file goes first, or it would wait for ever.
        if !lane.running || lane.unloaded.is_some() || lane.ready.len() + ids.len() > ROOM {
            return None;
        }
        lane.held.extend(ids);
        Some(lane.epoch)
    }

    /// Hands over messages that are in the file now.
    pub(super) fn deliver(&self, reserved: Option<u64>, messages: Vec<(i64, Message)>) {
        let mut lane = self.lock();
        if reserved == Some(lane.epoch) && lane.running {
            lane.ready.extend(messages.into_iter().map(|(id, message)| Held::new(id, message, 0)));
        } else if let Some(first) = messages.iter().map(|(id, _)| *id).min() {
            lane.leave_from(first);
        }
        drop(lane);
        self.bell.notify_one();
    }

    /// Gives back the places of messages that could not be written.
    pub(super) fn forget(&self, ids: impl Iterator<Item = i64>) {
        let mut lane = self.lock();
        for id in ids {
            lane.held.remove(&id);
        }
    }

    /// Begins to handle the topic; false when somebody does already.
    pub(super) fn start(&self) -> bool {
        let mut lane = self.lock();
        if lane.running {
            return false;
        }
        lane.running = true;
        lane.epoch += 1;
        true
    }

    /// Ends it: what is in memory is only in the file from now on.
    pub(super) fn stop(&self) {
        let mut lane = self.lock();
        lane.ready.clear();
        lane.held.clear();
        lane.unloaded = Some(0);
        lane.running = false;
    }
}

impl Lane {
    /// There may be messages in the file from `id` on.
    pub(super) fn leave_from(&mut self, id: i64) {
        self.unloaded = Some(self.unloaded.map_or(id, |known| known.min(id)));
    }
}
