//! `pubsub.Consume`.

use crate::message::{SerdeType, to_file};
use crate::source::{Source, Subscribed, Taken};
use schemars::JsonSchema;
use segue_model::parse_duration;
use segue_ports::InternalStorage;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait on a platform where a task may wait as long as it likes.
const FOREVER: Duration = Duration::from_secs(30 * 24 * 3600);
/// The largest note about messages that were taken, in bytes.
const LARGEST_NOTE: u64 = 64 << 20;

/// Takes messages from a subscription and writes them to a file, one on each line. The task ends when it has `maxRecords`
/// messages, or after `maxDuration`. Messages are acknowledged when the file is written.
///
/// ```yaml
/// id: consume
/// type: io.kestra.plugin.gcp.pubsub.Consume
/// topic: orders
/// subscription: orders-of-flow
/// maxRecords: 1000
/// maxDuration: PT10S
/// serdeType: JSON
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consume {
    /// The subscription.
    #[serde(flatten)]
    pub subscribed: Subscribed,
    /// The most messages. Without `maxDuration`, the task waits until there are as many.
    pub max_records: Option<usize>,
    /// How long the task waits for messages, such as `PT10S`.
    pub max_duration: Option<String>,
    /// Acknowledges the messages. Without, they are delivered again after the deadline of the subscription.
    #[serde(default = "yes")]
    pub auto_acknowledge: bool,
    /// The format of data.
    #[serde(default)]
    pub serde_type: SerdeType,
}

fn yes() -> bool {
    true
}

/// The outputs of the task.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Output {
    /// The number of messages.
    pub count: usize,
    /// The file with the messages.
    pub uri: String,
}

/// What an earlier run of this attempt has taken. It is written before the messages are acknowledged.
#[derive(Deserialize, Serialize)]
struct Note {
    output: Output,
    ids: BTreeSet<String>,
}

impl Task for Consume {
    const TYPE: &'static str = "io.kestra.plugin.gcp.pubsub.Consume";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let duration = duration("maxDuration", self.max_duration.as_deref())?;
        if self.max_records.is_none() && duration.is_none() {
            return Err(TaskError::failed(
                "neither maxRecords nor maxDuration is set, so the task would never end; set one of them",
            ));
        }
        let source = self.subscribed.open(context).await?;
        let attempt = context.message().attempt;
        let note = context.storage_path(&format!("messages-{attempt}.json"));
        if let Some(Note { output, ids }) = read(context, &note).await? {
            self.acknowledge_again(&source, &ids).await?;
            return Ok(output);
        }
        let most = self.max_records.unwrap_or(usize::MAX);
        let left = duration.map(|duration| duration.saturating_sub(context.age()));
        let patience = context.patience().unwrap_or(FOREVER);
        let end = Instant::now() + left.unwrap_or(FOREVER).min(patience);
        let taken = source.take(most, end, &BTreeSet::new()).await?;
        let is_complete = taken.messages.len() >= most || left.is_some_and(|left| left <= patience);
        if !is_complete && !taken.is_full() {
            // The subscription keeps the messages until the next run of this attempt.
            source.hand_back(&taken).await?;
            return Err(context.unfinished());
        }
        if taken.is_full() {
            context.warn("the task ends early, because the messages are large; run it again for the rest");
        }
        self.keep(context, &source, taken, &note).await
    }
}

impl Consume {
    async fn keep(
        &self,
        context: &TaskContext,
        source: &Source,
        taken: Taken,
        note: &str,
    ) -> Result<Output, TaskError> {
        let file = match to_file(&taken.messages, self.serde_type) {
            Ok(file) => file,
            Err(why) => {
                source.hand_back(&taken).await?;
                return Err(TaskError::failed(why));
            }
        };
        let path = context.storage_path(&format!("messages-{}.ion", context.message().attempt));
        let uri = context.storage().put_text(&path, file).await?;
        let output = Output { count: taken.messages.len(), uri };
        context.metric_counter("records", output.count as f64);
        context.info(format!("{} messages of {} are in {}", output.count, source.name, output.uri));
        if !self.auto_acknowledge {
            source.hand_back(&taken).await?;
            return Ok(output);
        }
        let ids = taken.messages.iter().map(|one| one.message_id.clone()).collect();
        let text = serde_json::to_string(&Note { output, ids })
            .map_err(|error| TaskError::failed(error.to_string()))?;
        context.storage().put_text(note, text.clone()).await?;
        source.topics.acknowledge(&source.name, &taken.ack_ids()).await?;
        source.topics.acknowledge(&source.name, &taken.again).await?;
        let Note { output, .. } =
            serde_json::from_str(&text).map_err(|error| TaskError::failed(error.to_string()))?;
        Ok(output)
    }

    /// Acknowledges those messages of an earlier run that were not acknowledged. Others are handed back.
    async fn acknowledge_again(&self, source: &Source, ids: &BTreeSet<String>) -> Result<(), TaskError> {
        let again = source.take(ids.len(), Instant::now(), ids).await?;
        source.topics.acknowledge(&source.name, &again.again).await?;
        source.hand_back(&again).await
    }
}

/// Reads the note of an earlier run. None if there is none.
async fn read(context: &TaskContext, note: &str) -> Result<Option<Note>, TaskError> {
    let uri = InternalStorage::uri(note);
    if context.storage().head(&uri).await?.is_none() {
        return Ok(None);
    }
    let text = context.storage().get_text(&uri, LARGEST_NOTE).await?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| TaskError::failed(format!("{uri} cannot be read: {error}")))
}

/// Parses a duration.
pub(crate) fn duration(property: &str, text: Option<&str>) -> Result<Option<Duration>, TaskError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = parse_duration(text).ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed.map(Some).ok_or_else(|| {
        TaskError::failed(format!(
            "{property} is '{text}', which is not a duration; write PT10S for ten seconds"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_ports::wire::TaskRunMessage;
    use segue_task::testing::{TestEnd, run_under};
    use serde_json::{Value as Json, json};
    use tokio_util::sync::CancellationToken;

    fn task(more: Json) -> Json {
        let mut task = json!({"type": Consume::TYPE, "topic": "orders", "subscription": "orders"});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    }

    #[tokio::test]
    async fn messages_are_written_to_a_file_and_do_not_come_again() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a", "b", "c"]).await;
        let outputs = platform.run(task(json!({"maxRecords": 2}))).await.outputs();
        assert_eq!(outputs["count"], 2);
        let file = platform.stored(outputs["uri"].as_str().unwrap()).await;
        let file = String::from_utf8(file).unwrap();
        assert!(file.starts_with("{data:\"a\",attributes:{},messageId:\"1\",orderingKey:\"\"}\n"), "{file}");
        assert_eq!(file.lines().count(), 2);
        assert_eq!(platform.waiting("orders").await, 1);
        let mut second = platform.message(task(json!({"maxDuration": "PT0.2S"})));
        second.task_run_id = "second".into();
        assert_eq!(platform.handle(second).await.outputs()["count"], 1);
        assert_eq!(platform.waiting("orders").await, 0);
    }

    #[tokio::test]
    async fn the_subscription_is_created_unless_the_flow_says_no() {
        let platform = Platform::new();
        let off = task(json!({"maxDuration": "PT0S", "autoCreateSubscription": false}));
        assert!(platform.run(off).await.error().contains("subscriptions/orders was not found"));
        let outputs = platform.run(task(json!({"maxDuration": "PT0S"}))).await.outputs();
        assert_eq!(outputs["count"], 0);
        platform.publish("orders", &["a"]).await;
        assert_eq!(platform.waiting("orders").await, 1);
    }

    #[tokio::test]
    async fn data_is_read_as_json_if_the_flow_says_so() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["{\"n\": 1}", "no"]).await;
        let wanted = json!({"maxRecords": 1, "serdeType": "JSON"});
        let outputs = platform.run(task(wanted.clone())).await.outputs();
        let file = String::from_utf8(platform.stored(outputs["uri"].as_str().unwrap()).await).unwrap();
        assert!(file.starts_with("{data:{n:1}"), "{file}");
        let mut second = platform.message(task(wanted));
        second.task_run_id = "second".into();
        let error = platform.handle(second).await.error();
        assert!(error.contains("message 2: the data is not JSON"), "{error}");
        assert_eq!(platform.waiting("orders").await, 1, "the message is not lost");
    }

    /// The process dies after the file was written, before or after the acknowledgement.
    #[tokio::test]
    async fn a_second_run_of_an_attempt_has_the_same_messages() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a", "b"]).await;
        let message = platform.message(task(json!({"maxRecords": 2})));
        let first = platform.handle(message.clone()).await.outputs();
        platform.publish("orders", &["c"]).await;
        assert_eq!(platform.handle(message).await.outputs(), first);
        assert_eq!(platform.waiting("orders").await, 1, "the newer message is left");
    }

    #[tokio::test]
    async fn without_acknowledgement_messages_come_again() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a"]).await;
        let outputs = platform.run(task(json!({"maxRecords": 1, "autoAcknowledge": false}))).await.outputs();
        assert_eq!(outputs["count"], 1);
        assert_eq!(platform.waiting("orders").await, 1);
    }

    /// On Google Cloud a task that waits for messages ends, and is run again later.
    #[tokio::test]
    async fn a_long_wait_does_not_hold_the_service() {
        let platform = Platform::subscribed("orders").await;
        platform.publish("orders", &["a"]).await;
        let settings =
            segue_task::TaskSettings { patience: Some(Duration::from_millis(100)), ..platform.settings() };
        let message: TaskRunMessage = platform.message(task(json!({"maxRecords": 2})));
        let run = async |message| {
            run_under(
                &crate::tasks(),
                platform.ports.clone(),
                settings.clone(),
                message,
                &CancellationToken::new(),
            )
            .await
        };
        assert!(matches!(run(message.clone()).await, TestEnd::Unfinished(_)));
        assert_eq!(platform.waiting("orders").await, 1);
        platform.publish("orders", &["b"]).await;
        let TestEnd::Ended(ended) = run(message).await else { panic!("it has two messages") };
        assert_eq!(ended.outputs()["count"], 2);
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let platform = Platform::new();
        for (wrong, part) in [
            (task(json!({})), "neither maxRecords nor maxDuration"),
            (task(json!({"maxDuration": "soon"})), "maxDuration is 'soon'"),
            (json!({"type": Consume::TYPE, "topic": "orders", "maxRecords": 1}), "subscription is missing"),
            (json!({"type": Consume::TYPE, "subscription": "orders", "maxRecords": 1}), "topic is missing"),
        ] {
            let error = platform.run(wrong).await.error();
            assert!(error.contains(part), "{error}");
        }
    }
}
