//! The register of open connections, with a limit.

use super::turn::{Turn, Waits};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The register of open connections.
#[derive(Debug)]
pub(super) struct Register {
    most: usize,
    open: Mutex<(u64, HashMap<u64, Arc<Entry>>)>,
}

/// One connection in the register.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) turn: Arc<Turn>,
    /// Notified if the connection must close to make room for another.
    pub(super) give_way: Notify,
}

/// A slot in the register. It is released when this value is dropped.
pub(super) struct Seat {
    register: Arc<Register>,
    number: u64,
    pub(super) entry: Arc<Entry>,
}

impl Register {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), open: Mutex::default() })
    }

    /// Takes a slot for one more connection. If all slots are taken, the connection that has waited longest
    /// for its client is closed. Returns none if the server is working for all connections.
    pub(super) fn seat(self: &Arc<Self>) -> Option<Seat> {
        let mut open = self.open();
        let (next, entries) = &mut *open;
        if entries.len() >= self.most {
            let waiting = entries.iter().filter_map(|(number, entry)| match entry.turn.get() {
                (Waits::Not, _) => None,
                (_, since) => Some((since, *number)),
            });
            let (_, longest) = waiting.max()?;
            if let Some(entry) = entries.remove(&longest) {
                entry.give_way.notify_one();
            }
        }
        *next += 1;
        let entry = Arc::new(Entry { turn: Arc::new(Turn::new()), give_way: Notify::new() });
        entries.insert(*next, entry.clone());
        Some(Seat { register: self.clone(), number: *next, entry })
    }

    fn open(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<Entry>>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.register.open().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_waiting_connection_gives_way_and_a_served_one_does_not() {
        let register = Register::new(2);
        let (served, waiting) = (register.seat().unwrap(), register.seat().unwrap());
        served.entry.turn.set(Waits::Not);
        let third = register.seat().unwrap();
        assert_eq!(register.open().1.len(), 2);
        assert!(!register.open().1.contains_key(&waiting.number));
        third.entry.turn.set(Waits::Not);
        assert!(register.seat().is_none(), "the server is at work for all");
        drop(waiting);
        drop(served);
        assert!(register.seat().is_some());
    }
}
