//! A cache of the Flow triggers of all flows. Every execution that ends is checked against them.

use jiff::Timestamp;
use segue_engine::schedule::flow_trigger::FlowTrigger;
use segue_model::flow::Flow;
use segue_model::trigger_state::TriggerKey;
use std::sync::{Arc, Mutex, PoisonError};

/// A Flow trigger that may fire.
pub(crate) struct Listener {
    /// The key of the trigger.
    pub(crate) key: TriggerKey,
    /// The flow of the trigger.
    pub(crate) flow: Arc<Flow>,
    /// The parsed trigger.
    pub(crate) trigger: FlowTrigger,
}

/// The list of Flow triggers.
#[derive(Clone)]
pub(crate) struct Made {
    /// When the list was known to be right.
    pub(crate) at: Timestamp,
    /// The mark of the flows that the list was made from ([`segue_ports::StateStore::flows_mark`]).
    pub(crate) mark: Option<u64>,
    /// The list.
    pub(crate) list: Arc<Vec<Listener>>,
}

/// The cached list of this process.
#[derive(Default)]
pub(crate) struct Listeners {
    list: Mutex<Option<Made>>,
    /// Held while the windows of preconditions are read and changed, so that only one of two executions that
    /// complete a set at the same time fires the trigger.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl Listeners {
    /// The list. None if it must be made.
    pub(crate) fn made(&self) -> Option<Made> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a list.
    pub(crate) fn keep(&self, made: Made) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
    }

    /// Drops the list because a flow has changed. The next use makes the list again.
    pub(crate) fn forget(&self) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
