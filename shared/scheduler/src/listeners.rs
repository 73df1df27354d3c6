//! A cache of the Flow triggers of all flows. Every execution that ends is checked against them.

use crate::scheduler::{FLOW, Scheduler};
use jiff::{SignedDuration, Timestamp};
use segue_engine::schedule::flow_trigger::FlowTrigger;
use segue_model::flow::Flow;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;
use std::sync::{Arc, Mutex, PoisonError};

/// How long the cache is valid. A flow that another process saved is seen after this time.
const BELIEVED: SignedDuration = SignedDuration::from_secs(10);

/// A Flow trigger that may fire.
pub(crate) struct Listener {
    /// The key of the trigger.
    pub(crate) key: TriggerKey,
    /// The flow of the trigger.
    pub(crate) flow: Arc<Flow>,
    /// The parsed trigger.
    pub(crate) trigger: FlowTrigger,
}

/// A list, and the time it was made.
type Made = (Timestamp, Arc<Vec<Listener>>);

/// The cached list of this process.
#[derive(Default)]
pub(crate) struct Listeners {
    list: Mutex<Option<Made>>,
    /// Held while the windows of preconditions are read and changed, so that only one of two executions that
    /// complete a set at the same time fires the trigger.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl Listeners {
    /// Drops the list because a flow has changed. The next use makes it again.
    pub(crate) fn forget(&self) {
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Scheduler {
    /// The Flow triggers that may fire.
    pub(crate) async fn listening(&self) -> Result<Arc<Vec<Listener>>, PortError> {
        let now = self.now();
        let known = self.listeners.list.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((made, list)) = known
            && now.duration_since(made).abs() < BELIEVED
        {
            return Ok(list);
        }
        let mut list = Vec::new();
        let stored = self.ports().state.flows(None).await?;
        for stored in stored.iter().filter(|stored| !stored.deleted && stored.source.contains(".Flow")) {
            let flow = match self.flow(&stored.namespace, &stored.id).await {
                Ok(Some(flow)) if !flow.disabled => flow,
                Err(error) if error.is_transient() => return Err(error),
                // A trigger that cannot run is reported when its flow is saved or started.
                Ok(_) | Err(_) => continue,
            };
            for trigger in flow.triggers.iter().filter(|one| one.type_name == FLOW && !one.disabled) {
                let key = TriggerKey::new(&flow.namespace, &flow.id, &trigger.id);
                match FlowTrigger::from_trigger(trigger) {
                    Ok(read) => list.push(Listener { key, flow: flow.clone(), trigger: read }),
                    Err(why) => tracing::error!(trigger = %key, "it does not fire: {why}"),
                }
            }
        }
        let list = Arc::new(list);
        *self.listeners.list.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, list.clone()));
        Ok(list)
    }
}
