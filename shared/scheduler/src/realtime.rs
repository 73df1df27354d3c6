//! Realtime triggers: a service connects the trigger to its source, and the source sends each message at once
//! (docs/kestra.md 5.1). While no message comes, nothing runs.
//!
//! The state of a trigger says whether it is to be connected: it is if the trigger is on. The service reads the state
//! when it acts, and once more afterwards. So it does not matter in which order the requests to connect and to
//! disconnect arrive, or how often. What the service connected is the trigger's memory.

use crate::memo::Memo;
use crate::polling::Asked;
use crate::scheduler::Scheduler;
use jiff::SignedDuration;
use segue_model::id::ExecutionId;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_model::{Json, Map};
use segue_ports::PortError;
use segue_ports::wire::Look;
use serde_json::json;

/// A trigger is connected again after this time. So it receives messages again if somebody has changed its source
/// meanwhile.
pub(crate) const CONNECTED_AGAIN: SignedDuration = SignedDuration::from_hours(24);

impl Scheduler {
    /// Whether a service connects the trigger to its source.
    pub(crate) fn is_realtime(&self, trigger: &Trigger) -> bool {
        self.parts.catalog.is_realtime(&trigger.type_name)
    }

    /// Asks the service to disconnect a trigger that is off, or will be gone. Does nothing for other types, and for a
    /// trigger that was never connected.
    pub(crate) async fn disconnect(&self, state: &TriggerState) -> Result<(), PortError> {
        let Some(connected) = Memo::from_state(state).memory else { return Ok(()) };
        self.disconnect_from(&state.key, &state.definition, connected).await
    }

    /// As [`Self::disconnect`], for a trigger with this definition, which may have no state any more.
    pub(crate) async fn disconnect_from(
        &self,
        key: &TriggerKey,
        definition: &str,
        connected: String,
    ) -> Result<(), PortError> {
        let Ok((type_name, properties)) = serde_json::from_str::<(String, Map)>(definition) else {
            return Ok(());
        };
        let Some(service) = self.service_of_type(&type_name) else { return Ok(()) };
        if !self.parts.catalog.is_realtime(&type_name) {
            return Ok(());
        }
        let mut context = self.parts.globals.as_ref().clone();
        context.insert(
            "flow".to_owned(),
            json!({"id": key.flow_id, "namespace": key.namespace, "tenantId": "main"}),
        );
        let asked = Asked {
            type_name: &type_name,
            properties,
            context: Json::Object(context),
            flow_revision: 0,
            log_level: None,
        };
        let now = self.now().to_string();
        let id = ExecutionId::derive(&["disconnect", &key.namespace, &key.flow_id, &key.trigger_id, &now]);
        let settle = Some(Json::String(connected.clone()));
        self.send_to_service(asked, service, &id, Look { key: key.clone(), memory: Some(connected), settle })
            .await
    }
}
