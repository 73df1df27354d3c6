//! `pubsub.Trigger`: messages start executions, many at once.

use crate::consume::{Output, duration};
use crate::message::{SerdeType, to_file};
use crate::source::{Subscribed, Taken};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Find, PollingTrigger, TaskContext, TaskError, memory};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// The longest time that one look waits for messages.
const LONGEST_LOOK: Duration = Duration::from_secs(300);
/// The number of messages that a trigger remembers. It would need them only if acknowledgements were lost.
const REMEMBERED: usize = 50_000;

/// Looks for messages at an interval, and starts an execution with a file of all that came. The messages are acknowledged
/// when the execution exists. A message that comes again nevertheless starts no second execution.
///
/// ```yaml
/// id: orders
/// namespace: company.team
/// tasks:
///   - id: say
///     type: io.kestra.plugin.core.log.Log
///     message: "{{ trigger.count }} messages are in {{ trigger.uri }}"
/// triggers:
///   - id: watch
///     type: io.kestra.plugin.gcp.pubsub.Trigger
///     interval: PT5M
///     topic: orders
///     subscription: orders-of-flow
///     maxRecords: 1000
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The subscription.
    #[serde(flatten)]
    pub subscribed: Subscribed,
    /// The most messages of one execution. If there are more, the next execution gets them as soon as this one has ended.
    pub max_records: Option<usize>,
    /// How long a look waits for messages, at most five minutes. Default: a look takes what is there.
    pub max_duration: Option<String>,
    /// The format of data.
    #[serde(default)]
    pub serde_type: SerdeType,
}

/// What is left to do with a find.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Left {
    subscription: String,
    /// The deliveries to acknowledge, as JSON, or the URI of a file with this text.
    ack_ids: String,
}

impl PollingTrigger for Trigger {
    const TYPE: &'static str = "io.kestra.plugin.gcp.pubsub.Trigger";
    type Variables = Output;

    async fn look(self, context: &TaskContext, memory: Option<&str>) -> Result<Find, TaskError> {
        let duration = duration("maxDuration", self.max_duration.as_deref())?;
        if self.max_records.is_none() && duration.is_none() {
            return Err(TaskError::failed("neither maxRecords nor maxDuration is set; set one of them"));
        }
        let source = self.subscribed.open(context).await?;
        let seen: Vec<String> = match memory {
            Some(kept) => parsed(&memory::recall(context, kept).await?)?,
            None => Vec::new(),
        };
        let most = self.max_records.unwrap_or(usize::MAX).max(1);
        let end = Instant::now() + duration.unwrap_or_default().min(LONGEST_LOOK);
        let taken = source.take(most, end, &seen.iter().cloned().collect::<BTreeSet<_>>()).await?;
        // Their execution exists.
        source.topics.acknowledge(&source.name, &taken.again).await?;
        if taken.messages.is_empty() {
            return Ok(Find::default());
        }
        match self.found(context, &taken, seen, memory).await {
            Ok((variables, kept)) => {
                let ack_ids = memory::keep(context, "acks", json!(taken.ack_ids()).to_string(), None).await?;
                let left = Left { subscription: source.name.to_string(), ack_ids };
                Ok(Find {
                    variables: variables.as_object().cloned(),
                    memory: Some(kept),
                    more: taken.messages.len() >= most || taken.is_full(),
                    settle: Some(json!(left)),
                })
            }
            Err(error) => {
                source.hand_back(&taken).await?;
                Err(error)
            }
        }
    }

    async fn settle(self, context: &TaskContext, left: Json) -> Result<(), TaskError> {
        let Left { subscription, ack_ids } = serde_json::from_value(left)
            .map_err(|error| TaskError::failed(format!("the find cannot be read: {error}")))?;
        let source = self.subscribed.known(context, &subscription)?;
        let ack_ids: Vec<String> = parsed(&memory::recall(context, &ack_ids).await?)?;
        Ok(source.topics.acknowledge(&source.name, &ack_ids).await?)
    }
}

impl Trigger {
    /// The variables of the execution, and the memory.
    async fn found(
        &self,
        context: &TaskContext,
        taken: &Taken,
        mut seen: Vec<String>,
        before: Option<&str>,
    ) -> Result<(Json, String), TaskError> {
        let file = to_file(&taken.messages, self.serde_type).map_err(TaskError::failed)?;
        let uri = context.storage().put_text(&context.storage_path("messages.ion"), file).await?;
        seen.extend(taken.messages.iter().map(|one| one.message_id.clone()));
        let seen = seen.get(seen.len().saturating_sub(REMEMBERED)..).unwrap_or_default();
        let kept = memory::keep(context, "messages", json!(seen).to_string(), before).await?;
        context.info(format!("{} messages are in {uri}", taken.messages.len()));
        Ok((json!({"uri": uri, "count": taken.messages.len()}), kept))
    }
}

fn parsed(text: &str) -> Result<Vec<String>, TaskError> {
    serde_json::from_str(text)
        .map_err(|error| TaskError::failed(format!("the memory of the trigger cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;

    fn trigger(more: Json) -> Json {
        let mut trigger =
            json!({"type": Trigger::TYPE, "topic": "orders", "subscription": "orders", "maxRecords": 2});
        trigger.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        trigger
    }

    #[tokio::test]
    async fn a_find_is_acknowledged_when_its_execution_exists() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a", "b", "c"]).await;
        let first = platform.find(trigger(json!({})), None).await;
        assert!(first.more);
        let variables = first.variables.unwrap();
        assert_eq!(variables["count"], 2);
        let file = platform.stored(variables["uri"].as_str().unwrap()).await;
        assert_eq!(String::from_utf8(file).unwrap().lines().count(), 2);
        for _ in 0..2 {
            platform.settle(trigger(json!({})), first.settle.clone().unwrap()).await;
        }
        let second = platform.find(trigger(json!({})), first.memory.as_deref()).await;
        assert_eq!(second.variables.unwrap()["count"], 1);
        assert!(!second.more);
        platform.settle(trigger(json!({})), second.settle.unwrap()).await;
        let third = platform.find(trigger(json!({})), second.memory.as_deref()).await;
        assert_eq!(third, Find::default(), "nothing is new, and nothing is written");
    }

    /// The acknowledgement of a find was lost, and its messages are delivered again.
    #[tokio::test]
    async fn a_message_that_comes_again_is_not_found_again() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a", "b"]).await;
        let first = platform.find(trigger(json!({})), None).await;
        platform.deliver_again("orders").await;
        platform.publish("orders", &["c"]).await;
        let second = platform.find(trigger(json!({})), first.memory.as_deref()).await;
        assert_eq!(second.variables.unwrap()["count"], 1);
        platform.settle(trigger(json!({})), second.settle.unwrap()).await;
        assert_eq!(platform.waiting("orders").await, 0);
    }

    /// Of two looks at once, one result counts. The messages of the other are delivered again.
    #[tokio::test]
    async fn a_look_without_a_result_loses_nothing() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a", "b", "c"]).await;
        platform.find(trigger(json!({})), None).await;
        let counts = platform.find(trigger(json!({})), None).await;
        assert_eq!(counts.variables.unwrap()["count"], 1);
        platform.deliver_again("orders").await;
        let next = platform.find(trigger(json!({})), counts.memory.as_deref()).await;
        assert_eq!(next.variables.unwrap()["count"], 2);
    }

    #[tokio::test]
    async fn a_large_find_keeps_its_acknowledgements_in_a_file() {
        let platform = Platform::subscribed("orders").await;
        let many: Vec<String> = (0..3_000).map(|number| number.to_string()).collect();
        platform.publish("orders", &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let all = trigger(json!({"maxRecords": 5_000}));
        let find = platform.find(all.clone(), None).await;
        assert!(json!(find).to_string().len() < 2_000);
        assert_eq!(find.variables.unwrap()["count"], 3_000);
        platform.settle(all, find.settle.unwrap()).await;
        platform.deliver_again("orders").await;
        assert_eq!(platform.waiting("orders").await, 0);
    }
}
