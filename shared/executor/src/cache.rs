//! Executions and plans in memory, for speed only. If an entry is stale, the version check of the commit finds out. A step
//! that commits nothing is only believed if this step has loaded the execution.

use crate::mailbox::Mailbox;
use crate::pace::Pace;
use segue_engine::{ExecutionState, Plan};
use segue_model::id::ExecutionId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// An execution in memory, with its stored version.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: ExecutionState,
    pub(crate) version: u64,
    /// Whether this step has loaded or committed this version. False: the version comes from an earlier step, and another
    /// process may have changed the execution since.
    pub(crate) is_current: bool,
    /// How long results wait for each other. None if this process has not committed the execution yet.
    pub(crate) pace: Option<Pace>,
}

/// The cache entry of one execution.
#[derive(Debug, Default)]
pub(crate) struct CacheEntry {
    /// The execution, if it has been loaded. The code that works on the execution holds the lock.
    pub(crate) loaded: tokio::sync::Mutex<Option<Loaded>>,
    /// Events that wait for the next step.
    pub(crate) mailbox: Mailbox,
}

/// The most recently used entries, up to a fixed number.
struct Recent<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Clone + Eq + std::hash::Hash, V: Clone> Recent<K, V> {
    fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), capacity }
    }

    fn get_or_insert(&mut self, key: &K, make: impl FnOnce() -> V) -> V {
        if let Some(value) = self.entries.get(key) {
            return value.clone();
        }
        if self.entries.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        let value = make();
        self.entries.insert(key.clone(), value.clone());
        self.order.push_back(key.clone());
        value
    }

    fn remove(&mut self, key: &K) {
        if self.entries.remove(key).is_some() {
            self.order.retain(|known| known != key);
        }
    }
}

/// The key of a plan: namespace, flow, revision.
pub(crate) type PlanKey = (String, String, u32);

/// Executions and plans kept in memory.
pub(crate) struct Cache {
    executions: Mutex<Recent<ExecutionId, Arc<CacheEntry>>>,
    plans: Mutex<Recent<PlanKey, Arc<Plan>>>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self { executions: Mutex::new(Recent::new(4096)), plans: Mutex::new(Recent::new(512)) }
    }

    /// The entry of an execution. The entry is empty if the execution has not been loaded.
    pub(crate) fn entry(&self, id: &ExecutionId) -> Arc<CacheEntry> {
        self.executions.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(id, Arc::default)
    }

    /// Removes an execution that has ended.
    pub(crate) fn forget(&self, id: &ExecutionId) {
        self.executions.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub(crate) fn plan(&self, key: &PlanKey) -> Option<Arc<Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).entries.get(key).cloned()
    }

    pub(crate) fn keep_plan(&self, key: &PlanKey, plan: Arc<Plan>) -> Arc<Plan> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(key, || plan)
    }
}
