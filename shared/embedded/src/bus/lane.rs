//! The messages of one topic in memory.
//!
//! The file is authoritative. A lane saves most messages the way through the file: a message that is
//! published while its worker has room is written to the file and handed over in memory. The other messages
//! are recorded in [`Lane::unloaded`], and read from the file when there is room.

use segue_ports::wire::Message;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The largest number of messages of one topic in memory, not counting retries. More messages stay in the
/// file.
const ROOM: usize = 256;

/// A message in memory.
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) message: Message,
    /// How often the message was handed back.
    pub(super) deliveries: u32,
    /// How often the message was handed out after the end of a process in a delivery that did not end.
    pub(super) begun: u32,
    /// A second copy made by fault injection. The file has no row for it.
    pub(super) copy: bool,
    /// Whether fault injection has already drawn for this message.
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
    /// Messages waiting to be handled.
    pub(super) ready: VecDeque<Held>,
    /// The ids of messages in memory, until their end is written to the file. They are not loaded again.
    pub(super) held: HashSet<i64>,
    /// From this id on, the file may have messages that are not held. None if it has no such messages.
    pub(super) unloaded: Option<i64>,
    /// Whether a worker handles the topic.
    running: bool,
    /// How often a worker has started.
    epoch: u64,
}

/// A lane, and the notification that wakes its worker.
pub(super) struct LaneCell {
    lane: Mutex<Lane>,
    pub(super) bell: Notify,
}

impl LaneCell {
    /// A lane with no messages loaded from the file yet.
    pub(super) fn new() -> Self {
        let lane = Lane { unloaded: Some(0), ..Lane::default() };
        Self { lane: Mutex::new(lane), bell: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves room in memory for messages that will be written. None if they must be read from the file.
    pub(super) fn reserve(&self, ids: impl ExactSizeIterator<Item = i64>) -> Option<u64> {
        let mut lane = self.lock();
        // Messages in the file go first. Otherwise they would wait forever.
        if !lane.running || lane.unloaded.is_some() || lane.ready.len() + ids.len() > ROOM {
            return None;
        }
        lane.held.extend(ids);
        Some(lane.epoch)
    }

    /// Hands over messages that are now in the file.
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

    /// Releases the room of messages that could not be written.
    pub(super) fn forget(&self, ids: impl Iterator<Item = i64>) {
        let mut lane = self.lock();
        for id in ids {
            lane.held.remove(&id);
        }
    }

    /// Starts handling the topic. Returns false if another worker handles it already.
    pub(super) fn start(&self) -> bool {
        let mut lane = self.lock();
        if lane.running {
            return false;
        }
        lane.running = true;
        lane.epoch += 1;
        true
    }

    /// Stops handling the topic. Messages in memory are from now on only in the file.
    pub(super) fn stop(&self) {
        let mut lane = self.lock();
        lane.ready.clear();
        lane.held.clear();
        lane.unloaded = Some(0);
        lane.running = false;
    }
}

impl Lane {
    /// Records that the file may have messages from `id` on.
    pub(super) fn leave_from(&mut self, id: i64) {
        self.unloaded = Some(self.unloaded.map_or(id, |known| known.min(id)));
    }
}
