//! The messages of one topic in memory.
//!
//! The file is authoritative. Most messages need not be read from the file: if the worker has room when a message is
//! published, the message is written to the file and also handed over in memory. Other messages are recorded in
//! [`Lane::unloaded`] and are read from the file when there is room.

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
    /// The number of times that a handler handed the message back.
    pub(super) deliveries: u32,
    /// The number of times that an earlier process ended while the message was handed out.
    pub(super) begun: u32,
    /// Whether fault injection made this copy. The file has no row for it.
    pub(super) copy: bool,
    /// Whether fault injection has already decided about this message.
    pub(super) disturbed: bool,
}

impl Held {
    pub(super) fn new(id: i64, message: Message, deliveries: u32) -> Self {
        Self { id, message, deliveries, begun: 0, copy: false, disturbed: false }
    }
}

/// The messages of one topic in memory.
#[derive(Default)]
pub(super) struct Lane {
    /// Messages that wait for the handler.
    pub(super) ready: VecDeque<Held>,
    /// The ids of messages in memory, until their end is written to the file. They are not loaded again.
    pub(super) held: HashSet<i64>,
    /// From this id on, the file may have messages that are not in memory. `None` if the file has no such messages.
    pub(super) unloaded: Option<i64>,
    /// Whether a worker handles the topic.
    running: bool,
    /// The number of times that a worker has started.
    epoch: u64,
}

/// A lane, and the notification that wakes its worker.
pub(super) struct LaneCell {
    lane: Mutex<Lane>,
    pub(super) bell: Notify,
}

impl LaneCell {
    /// A lane without messages. All messages of the topic are still in the file.
    pub(super) fn new() -> Self {
        let lane = Lane { unloaded: Some(0), ..Lane::default() };
        Self { lane: Mutex::new(lane), bell: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves room in memory for messages that will be written. Returns the reservation, or `None` if the messages
    /// must be read from the file later.
    pub(super) fn reserve(&self, ids: impl ExactSizeIterator<Item = i64>) -> Option<u64> {
        let mut lane = self.lock();
        // Messages that are only in the file go first. Otherwise they would wait forever.
        if !lane.running || lane.unloaded.is_some() || lane.ready.len() + ids.len() > ROOM {
            return None;
        }
        lane.held.extend(ids);
        Some(lane.epoch)
    }

    /// Hands over messages that are now in the file. If no room was reserved, the worker reads them from the file
    /// later.
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

    /// Stops handling the topic. From now on its messages are only in the file.
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
