//! A cache of what was recently read or written. It is never authoritative: every decision based on it is
//! written with the condition that the document still has the cached version.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Values by key. The least recently used ones are removed when all together weigh too much.
pub(super) struct Recent<K, V> {
    state: Mutex<State<K, V>>,
    most: usize,
}

struct State<K, V> {
    values: HashMap<K, Remembered<V>>,
    weight: usize,
    clock: u64,
}

struct Remembered<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> Recent<K, V> {
    /// A cache for values of this total weight.
    pub(super) fn new(most: usize) -> Self {
        Self { state: Mutex::new(State { values: HashMap::new(), weight: 0, clock: 0 }), most }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let now = state.clock;
        let known = state.values.get_mut(key)?;
        known.used = now;
        Some(known.value.clone())
    }

    pub(super) fn put(&self, key: K, value: V, weight: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let known = Remembered { value, weight, used: state.clock };
        state.weight += weight;
        if let Some(former) = state.values.insert(key, known) {
            state.weight -= former.weight;
        }
        if state.weight > self.most {
            state.forget_older_half();
        }
    }

    pub(super) fn forget(&self, key: &K) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = state.values.remove(key) {
            state.weight -= former.weight;
        }
    }
}

impl<K: Eq + Hash, V> State<K, V> {
    fn forget_older_half(&mut self) {
        let mut used: Vec<u64> = self.values.values().map(|known| known.used).collect();
        used.sort_unstable();
        let Some(middle) = used.get(used.len() / 2).copied() else { return };
        self.values.retain(|_, known| known.used > middle);
        self.weight = self.values.values().map(|known| known.weight).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_weight_is_bounded() {
        let recent = Recent::new(100);
        recent.put("kept", 0, 10);
        for number in 0..1_000 {
            recent.put(Box::leak(format!("{number}").into_boxed_str()), number, 10);
            assert_eq!(recent.get(&"kept"), Some(0), "after {number}");
            assert!(recent.state.lock().unwrap().weight <= 110);
        }
        assert_eq!(recent.get(&"1"), None);
        recent.put("kept", 1, 20);
        assert_eq!(recent.get(&"kept"), Some(1));
        recent.forget(&"kept");
        assert_eq!(recent.get(&"kept"), None);
    }
}
