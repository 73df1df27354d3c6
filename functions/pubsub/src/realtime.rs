//! `pubsub.RealtimeTrigger`: each message starts an execution at once.

use crate::message::SerdeType;
use crate::source::Subscribed;
use schemars::JsonSchema;
use segue_model::Json;
use segue_model::trigger_state::TriggerKey;
use segue_ports::topics::Push;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Starts an execution for each message, as soon as it comes. Nothing runs while no message comes: the subscription sends
/// its messages to Segue. A message is one execution, however often it is delivered. The subscription belongs to the
/// trigger. While the trigger is off, the subscription keeps the messages.
///
/// ```yaml
/// id: orders
/// namespace: company.team
/// tasks:
///   - id: say
///     type: io.kestra.plugin.core.log.Log
///     message: "Received: {{ trigger.data }}"
/// triggers:
///   - id: realtime
///     type: io.kestra.plugin.gcp.pubsub.RealtimeTrigger
///     topic: orders
///     subscription: orders-of-flow
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RealtimeTrigger {
    /// The subscription.
    #[serde(flatten)]
    pub subscribed: Subscribed,
    /// The format of data. A message with other data ends in an execution that is FAILED.
    #[serde(default)]
    pub serde_type: SerdeType,
    /// Accepted, and has no effect: each message is one execution.
    pub max_records: Option<usize>,
    /// Accepted, and has no effect.
    pub max_duration: Option<String>,
}

/// The variables of an execution.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Variables {
    /// The content, as `serdeType` says.
    pub data: Json,
    /// The keys and values of the message.
    pub attributes: BTreeMap<String, String>,
    /// The id of the message.
    pub message_id: String,
    /// Empty if the message has none.
    pub ordering_key: String,
}

impl segue_task::RealtimeTrigger for RealtimeTrigger {
    const TYPE: &'static str = "io.kestra.plugin.gcp.pubsub.RealtimeTrigger";
    type Variables = Variables;

    async fn connect(&self, context: &TaskContext, key: &TriggerKey) -> Result<String, TaskError> {
        let source = self.subscribed.open(context).await?;
        let found = source.topics.subscription(&source.name).await?;
        let taken = match found.map(|found| found.push) {
            Some(Push::Trigger(other)) if other != *key => Some(format!("trigger {other}")),
            Some(Push::Elsewhere(address)) => Some(address),
            _ => None,
        };
        if let Some(taken) = taken {
            return Err(TaskError::failed(format!(
                "{} sends its messages to {taken} already; each realtime trigger needs its own subscription, so name \
                 another one",
                source.name
            )));
        }
        source.topics.push_to(&source.name, Some(key)).await?;
        Ok(source.name.to_string())
    }

    async fn disconnect(&self, context: &TaskContext, key: &TriggerKey, from: &str) -> Result<(), TaskError> {
        let source = self.subscribed.known(context, from)?;
        let found = source.topics.subscription(&source.name).await?;
        if found.is_some_and(|found| found.push == Push::Trigger(key.clone())) {
            source.topics.push_to(&source.name, None).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::trigger_state::TriggerState;
    use segue_task::RealtimeTrigger as _;
    use serde_json::json;

    fn trigger(subscription: &str) -> Json {
        json!({"type": RealtimeTrigger::TYPE, "topic": "orders", "subscription": subscription})
    }

    /// Writes the state of the trigger.
    async fn set(platform: &Platform, subscription: &str, disabled: bool) {
        let key = TriggerKey::new("company.team", "flow", "trigger");
        let now = platform.ports.clock.now();
        let state = TriggerState {
            key: key.clone(),
            date: None,
            next_execution_date: Some(now),
            disabled,
            execution_id: None,
            definition: json!([RealtimeTrigger::TYPE, {"topic": "orders", "subscription": subscription}])
                .to_string(),
            memo: Json::Null,
            updated_date: now,
        };
        let version = platform.ports.state.trigger(&key).await.unwrap().map_or(0, |state| state.version);
        platform.ports.state.put_trigger(&state, version).await.unwrap();
    }

    fn own() -> Push {
        Push::Trigger(TriggerKey::new("company.team", "flow", "trigger"))
    }

    #[tokio::test]
    async fn a_trigger_is_connected_while_its_state_is_on() {
        let platform = Platform::new();
        set(&platform, "one", false).await;
        for _ in 0..2 {
            let find = platform.find(trigger("one"), None).await;
            assert_eq!(find.memory.as_deref(), Some("projects/segue-local/subscriptions/one"));
            assert_eq!(platform.push("one").await, own());
        }
        set(&platform, "one", true).await;
        let left = json!("projects/segue-local/subscriptions/one");
        for _ in 0..2 {
            platform.settle(trigger("one"), left.clone()).await;
            assert_eq!(platform.push("one").await, Push::None);
        }
        // The request to disconnect comes late: the trigger is on again.
        set(&platform, "one", false).await;
        platform.settle(trigger("one"), left).await;
        assert_eq!(platform.push("one").await, own());
    }

    #[tokio::test]
    async fn another_subscription_replaces_the_first_also_if_requests_change_places() {
        let platform = Platform::new();
        set(&platform, "one", false).await;
        let first = platform.find(trigger("one"), None).await.memory;
        set(&platform, "two", false).await;
        // The first request has the old definition.
        for subscription in ["one", "two", "one"] {
            let find = platform.find(trigger(subscription), first.as_deref()).await;
            assert_eq!(
                find.memory.as_deref(),
                Some("projects/segue-local/subscriptions/two"),
                "{subscription}"
            );
            assert_eq!(platform.push("one").await, Push::None);
            assert_eq!(platform.push("two").await, own());
        }
    }

    #[tokio::test]
    async fn a_subscription_of_another_trigger_is_left_alone() {
        let platform = Platform::subscribed("one").await;
        let other = TriggerKey::new("company", "other", "t");
        platform.ports.topics.push_to(&platform.name("one"), Some(&other)).await.unwrap();
        set(&platform, "one", false).await;
        let error = platform.look(trigger("one"), None).await.error();
        assert!(error.contains("sends its messages to trigger company.other.t already"), "{error}");
        set(&platform, "one", true).await;
        platform.settle(trigger("one"), json!("projects/segue-local/subscriptions/one")).await;
        assert_eq!(platform.push("one").await, Push::Trigger(other));
    }
}
