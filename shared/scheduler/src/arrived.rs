//! A message of a topic has come for a realtime trigger. Each message is one execution, however often it is delivered:
//! the id of the execution follows from the trigger, the subscription and the id of the message.

use crate::fire::Fired;
use crate::scheduler::Scheduler;
use crate::triggers::is_off;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use segue_executor::NewExecution;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerKey;
use segue_model::{Json, Map};
use segue_ports::PortError;
use segue_ports::topics::{SerdeType, message_variables};
use segue_ports::wire::Arrived;
use serde_json::json;

/// The largest message that becomes an execution, in bytes. The message is a part of the execution.
const LARGEST: usize = 256 * 1024;

fn execution_id(arrived: &Arrived) -> ExecutionId {
    let TriggerKey { namespace, flow_id, trigger_id } = &arrived.key;
    ExecutionId::derive(&[
        "message",
        namespace,
        flow_id,
        trigger_id,
        &arrived.subscription,
        &arrived.message_id,
    ])
}

impl Scheduler {
    /// Creates the execution of a message. If the trigger is off, the message is handed back, and the service is asked to
    /// disconnect the trigger: the subscription then keeps its messages until the trigger is on again.
    pub(crate) async fn arrived(&self, arrived: Arrived) -> Result<(), PortError> {
        let key = &arrived.key;
        let state = self.ports().state.trigger(key).await?.map(|state| state.value);
        let flow = self.flow(&key.namespace, &key.flow_id).await?;
        let trigger = flow.as_deref().and_then(|flow| Some((flow, flow.trigger(&key.trigger_id)?)));
        let is_on = state.as_ref().is_some_and(|state| !state.disabled);
        let on =
            trigger.filter(|(flow, trigger)| is_on && !is_off(flow, trigger) && self.is_realtime(trigger));
        if let Some((flow, trigger)) = on {
            let fired = self.fire_message(flow, trigger, &arrived).await?;
            if !matches!(fired, Fired::Off) {
                return Ok(());
            }
        }
        let known = state.map(|state| state.definition);
        let definition = known.unwrap_or_else(|| json!([self.any_realtime_type(), {}]).to_string());
        self.disconnect_from(key, &definition, arrived.subscription.clone()).await?;
        Err(PortError::unavailable(
            "topics",
            format!("trigger {key} is off; the message stays in {}", arrived.subscription),
        ))
    }

    /// A type that can disconnect a trigger without a definition. There is one service of realtime triggers.
    fn any_realtime_type(&self) -> &'static str {
        let mut types = self.parts.catalog.triggers().iter();
        types.find(|kind| self.parts.catalog.is_realtime(kind.name)).map_or("", |kind| kind.name)
    }

    async fn fire_message(
        &self,
        flow: &Flow,
        trigger: &Trigger,
        arrived: &Arrived,
    ) -> Result<Fired, PortError> {
        let id = execution_id(arrived);
        match variables(trigger, arrived) {
            Ok(variables) => self.fire_look(flow, trigger, &id, variables).await,
            Err(why) => {
                let shown = json!({"messageId": arrived.message_id}).as_object().cloned();
                let new = NewExecution {
                    id: Some(id),
                    namespace: flow.namespace.clone(),
                    flow_id: flow.id.clone(),
                    trigger: Some(ExecutionTrigger {
                        id: trigger.id.clone(),
                        type_name: trigger.type_name.clone(),
                        variables: shown.unwrap_or_default(),
                        slot: None,
                        backfill: None,
                        parent: None,
                    }),
                    ..NewExecution::default()
                };
                let why = format!("message {} of trigger '{}': {why}", arrived.message_id, trigger.id);
                self.made(self.parts.executor.create_failed(new, &why).await)
            }
        }
    }
}

/// The variables `trigger.*` of the execution, or why the message cannot be read.
fn variables(trigger: &Trigger, arrived: &Arrived) -> Result<Map, String> {
    let data =
        BASE64_STANDARD.decode(&arrived.data).map_err(|error| format!("the data is not base64: {error}"))?;
    let attributes: usize = arrived.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    let size = data.len() + attributes;
    if size > LARGEST {
        return Err(format!(
            "it has {size} bytes, and {LARGEST} are allowed; use io.kestra.plugin.gcp.pubsub.Trigger, which writes \
             messages to a file, or publish the URI of a file"
        ));
    }
    let serde = trigger.properties.get("serdeType").and_then(Json::as_str).and_then(SerdeType::from_name);
    let Arrived { attributes, message_id, ordering_key, .. } = arrived;
    message_variables(serde.unwrap_or_default(), &data, attributes, message_id, ordering_key)
}
