//! The connections there are, at most so many.

use super::turn::{Turn, Waits};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The connections there are.
#[derive(Debug)]
pub(super) struct Register {
    most: usize,
    open: Mutex<(u64, HashMap<u64, Arc<Entry>>)>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) turn: Arc<Turn>,
    /// Says that its place is needed.
    pub(super) give_way: Notify,
}

/// A place among them, free again when this is dropped.
pub(super) struct Place {
    register: Arc<Register>,
    number: u64,
    pub(super) entry: Arc<Entry>,
}

impl Register {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), open: Mutex::default() })
    }

    /// A place for one more. Where there is none, the connection that has waited longest for its client gives way;
    /// none where the server is at work for all of them.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
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
        Some(Place { register: self.clone(), number: *next, entry })
    }

    fn open(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<Entry>>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.register.open().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_longest_gives_way_and_who_is_served_does_not() {
        let register = Register::new(2);
        let (served, waiting) = (register.place().unwrap(), register.place().unwrap());
        served.entry.turn.set(Waits::Not);
        let third = register.place().unwrap();
        assert_eq!(register.open().1.len(), 2);
        assert!(!register.open().1.contains_key(&waiting.number));
        third.entry.turn.set(Waits::Not);
        assert!(register.place().is_none(), "the server is at work for all");
        drop(waiting);
        drop(served);
        assert!(register.place().is_some());
    }
}
