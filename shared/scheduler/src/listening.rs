//! Builds the list of the Flow triggers that may fire.

use crate::listeners::{Listener, Made};
use crate::scheduler::Scheduler;
use crate::triggers::{FLOW, may_listen};
use jiff::SignedDuration;
use segue_engine::schedule::flow_trigger::FlowTrigger;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;
use std::sync::Arc;

/// How long a list is used. A flow that another process saved appears in the list after this time.
const BELIEVED: SignedDuration = SignedDuration::from_secs(10);

impl Scheduler {
    /// The Flow triggers that may fire.
    pub(crate) async fn listening(&self) -> Result<Arc<Vec<Listener>>, PortError> {
        let now = self.now();
        let made = self.listeners.made();
        if let Some(made) = &made
            && now.duration_since(made.at).abs() < BELIEVED
        {
            return Ok(made.list.clone());
        }
        // Before the flows, so that a change in between is found the next time.
        let mark = self.ports().state.flows_mark().await?;
        if let Some(made) = made.filter(|made| mark.is_some() && made.mark == mark) {
            let list = made.list.clone();
            self.listeners.keep(Made { at: now, ..made });
            return Ok(list);
        }
        let mut list = Vec::new();
        let stored = self.ports().state.flows(None).await?;
        for stored in stored.iter().filter(|stored| !stored.deleted && may_listen(&stored.source)) {
            let flow = match self.flow(&stored.namespace, &stored.id).await {
                Ok(Some(flow)) if !flow.disabled => flow,
                Err(error) if error.is_transient() => return Err(error),
                // An invalid flow is left out. Saving or starting the flow reports the error.
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
        self.listeners.keep(Made { at: now, mark, list: list.clone() });
        Ok(list)
    }
}
