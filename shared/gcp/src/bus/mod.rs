//! The event bus on Pub/Sub. Messages are published at once, or with a delay through Cloud Tasks. They are
//! delivered by push subscriptions, which the service runtime answers.
//!
//! A message is JSON. Its attributes describe it, so that a receiver need not parse the JSON. Messages have no ordering
//! keys: handlers accept any order, and with a key one failing message would hold back the messages after it.

mod delays;
pub(crate) mod emulator;

use crate::api_error;
use crate::config::PlatformConfig;
use async_trait::async_trait;
use delays::Delays;
use futures::future::try_join_all;
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message as PubSubMessage;
use google_cloud_pubsub::retry_policy::RetryableErrors;
use jiff::Timestamp;
use segue_ports::storage::PLATFORM_FOLDER;
use segue_ports::wire::{BODY_AT, LARGEST_BODY, Message};
use segue_ports::{Clock as _, EventBus, InternalStorage, Outgoing, PortError, SystemClock, Topic};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const PORT: &str = "event bus";
/// The folder for delayed messages that are too large for a task, in [`PLATFORM_FOLDER`]: no flow can read it. Terraform
/// makes a rule that deletes its files after a month.
const KEPT: &str = "delayed-messages";
/// How long an incomplete batch waits for more messages. Callers publish several messages in one call.
const BATCH_DELAY: Duration = Duration::from_millis(1);
/// How long publishing is tried before it fails. The caller is answering a push request itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// The attribute with the kind of the message.
pub(crate) const KIND: &str = "kind";
/// The attribute with the id of the execution. Messages that are not about an execution do not have it.
pub(crate) const EXECUTION_ID: &str = "executionId";

/// The number and size of published messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishCounts {
    /// The number of messages.
    pub messages: u64,
    /// The bytes of their data, without attributes.
    pub bytes: u64,
    /// The number of Cloud Tasks tasks for delayed messages. Cloud Tasks later publishes these messages, and
    /// `messages` does not count them.
    pub delayed: u64,
}

/// Publishes to Pub/Sub.
pub struct PubSubBus {
    publisher: BasePublisher,
    /// `projects/…/topics/PREFIX-`.
    topics: String,
    delays: Option<Delays>,
    /// Where delayed messages are kept that are too large for a task. None: they are refused.
    storage: Option<InternalStorage>,
    by_topic: Mutex<HashMap<Topic, Publisher>>,
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl PubSubBus {
    /// Connects to the emulator if the configuration names one, or else to Google's service with the
    /// credentials of the environment.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials, or no connection is possible.
    /// [`PortError::Invalid`] without `SEGUE_TASKS_ACCOUNT` if there is no emulator.
    pub async fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let mut builder =
            BasePublisher::builder().with_retry_policy(RetryableErrors.with_time_limit(PATIENCE));
        if let Some(url) = &config.emulators.pubsub {
            builder = builder.with_endpoint(url.clone()).with_credentials(anonymous::Builder::new().build());
        }
        let publisher = builder.build().await.map_err(|error| PortError::unavailable(PORT, error))?;
        Ok(Self {
            publisher,
            topics: format!("projects/{}/topics/{}", config.project, config.prefixed("")),
            delays: Delays::connect(config).await?,
            storage: None,
            by_topic: Mutex::default(),
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// Keeps delayed messages in internal storage if they are too large for a task of Cloud Tasks.
    #[must_use]
    pub fn with_storage(self, storage: InternalStorage) -> Self {
        Self { storage: Some(storage), ..self }
    }

    /// The numbers since the connection was created.
    pub fn publish_counts(&self) -> PublishCounts {
        PublishCounts {
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            delayed: self.delays.as_ref().map_or(0, Delays::created),
        }
    }

    /// Holds delayed messages in the memory of this process and publishes each at its due time. Used when Pub/Sub is an
    /// emulator and Cloud Tasks has no emulator. The messages are lost when the process ends. Messages in the emulator
    /// are lost in the same way.
    fn wait_and_publish(&self, messages: Vec<Outgoing>, due: Timestamp) -> Result<(), PortError> {
        let sent = self.addressed(&messages)?;
        let wait = Duration::try_from(due.duration_since(SystemClock.now())).unwrap_or_default();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            // A failure is ignored, because no caller waits for the result.
            let _ = try_join_all(sent.into_iter().map(|(topic, message)| topic.publish(message))).await;
        });
        Ok(())
    }

    /// Builds all messages with their publishers before the first is sent. So if one message is invalid, none is sent.
    fn addressed(&self, messages: &[Outgoing]) -> Result<Vec<(Publisher, PubSubMessage)>, PortError> {
        messages
            .iter()
            .map(|outgoing| Ok((self.topic(&outgoing.topic), encode(&outgoing.message)?)))
            .collect()
    }

    fn topic(&self, topic: &Topic) -> Publisher {
        let mut known = self.by_topic.lock().unwrap_or_else(PoisonError::into_inner);
        let publisher = known.entry(topic.clone()).or_insert_with(|| {
            self.publisher
                .publisher(format!("{}{}", self.topics, topic.name()))
                .set_delay_threshold(BATCH_DELAY)
                .build()
        });
        publisher.clone()
    }
}

#[async_trait]
impl EventBus for PubSubBus {
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let sent = self.addressed(&messages)?;
        let bytes: usize = sent.iter().map(|(_, message)| message.data.len()).sum();
        try_join_all(sent.into_iter().map(|(publisher, message)| publisher.publish(message)))
            .await
            .map_err(unpublished)?;
        self.messages.fetch_add(messages.len() as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn publish_at(&self, messages: Vec<Outgoing>, due: Timestamp) -> Result<(), PortError> {
        if due <= SystemClock.now() {
            return self.publish(messages).await;
        }
        let Some(delays) = &self.delays else { return self.wait_and_publish(messages, due) };
        // All tasks are built before the first is sent, as in `addressed`.
        let mut tasks = Vec::with_capacity(messages.len());
        for outgoing in &messages {
            let mut message = encode(&outgoing.message)?;
            if let Some(storage) = self.storage.as_ref().filter(|_| !delays.takes(&message)) {
                message = kept(storage, message).await?;
            }
            tasks.push(delays.task(&outgoing.topic, &message, due)?);
        }
        try_join_all(tasks.into_iter().map(|task| delays.create(task, due))).await.map(|_| ())
    }
}

/// The error of a message that was not published.
fn unpublished(error: PublishError) -> PortError {
    match error {
        PublishError::Rpc(error) if api_error::is_denied(&error) => {
            api_error::about(PORT, "a message", &error)
        }
        error => PortError::unavailable(PORT, error),
    }
}

/// Writes the body of a message to a file of internal storage, and returns a message that names the file. A file has the
/// name of its content, so the same message is one file, however often it is sent.
async fn kept(storage: &InternalStorage, message: PubSubMessage) -> Result<PubSubMessage, PortError> {
    let digest: String = Sha256::digest(&message.data).iter().map(|byte| format!("{byte:02x}")).collect();
    let uri = storage.put_text(&format!("{PLATFORM_FOLDER}/{KEPT}/{digest}.json"), message.data).await?;
    let attributes = message.attributes.into_iter().chain([(BODY_AT.to_owned(), uri)]);
    Ok(PubSubMessage::new().set_attributes(attributes))
}

fn encode(message: &Message) -> Result<PubSubMessage, PortError> {
    let data = serde_json::to_vec(message)
        .map_err(|error| PortError::invalid(format!("a message cannot be written as JSON: {error}")))?;
    if data.len() > LARGEST_BODY {
        return Err(PortError::invalid(format!(
            "a message of {} bytes is larger than Pub/Sub takes ({LARGEST_BODY}): outputs and inputs that large \
             belong into files",
            data.len()
        )));
    }
    let (kind, execution) = about(message);
    let mut attributes = vec![(KIND.to_owned(), kind.to_owned())];
    attributes.extend(execution.map(|id| (EXECUTION_ID.to_owned(), id)));
    Ok(PubSubMessage::new().set_data(data).set_attributes(attributes))
}

/// The kind of a message, as in its JSON, and the id of its execution. `None` if the message has no execution.
fn about(message: &Message) -> (&'static str, Option<String>) {
    match message {
        Message::Execution(about) => ("execution", Some(about.execution_id.to_string())),
        Message::TaskRun(about) => ("taskRun", Some(about.execution_id.to_string())),
        Message::Tick(_) => ("tick", None),
        Message::ScheduleChanged(_) => ("scheduleChanged", None),
        Message::FlowChanged(_) => ("flowChanged", None),
        Message::ExecutionStateReached(about) => {
            ("executionStateReached", Some(about.execution_id.to_string()))
        }
        Message::Looked(about) => ("looked", Some(about.execution_id.to_string())),
        Message::Arrived(_) => ("arrived", None),
        Message::Backfill(_) => ("backfill", None),
        Message::Nothing {} => ("nothing", None),
        Message::Sweep {} => ("sweep", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::event::Event;
    use segue_model::trigger_state::TriggerKey;
    use segue_ports::wire::ExecutionMessage;

    #[test]
    fn the_attributes_say_what_the_json_says() {
        let about = Message::Execution(ExecutionMessage::new("e-1".into(), Event::Continued));
        let tick = Message::Tick(TriggerKey::new("company", "taxi", "daily"));
        for (message, execution) in [(about, Some("e-1")), (tick, None)] {
            let encoded = encode(&message).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&encoded.data).unwrap();
            assert_eq!(
                json.get("kind").and_then(|kind| kind.as_str()),
                encoded.attributes.get(KIND).map(|kind| &**kind)
            );
            assert_eq!(encoded.attributes.get(EXECUTION_ID).map(|id| &**id), execution);
            assert_eq!(serde_json::from_slice::<Message>(&encoded.data).unwrap(), message);
        }
    }

    #[test]
    fn a_refusal_for_want_of_a_role_is_told_from_a_bus_that_does_not_answer() {
        let status = google_cloud_gax::error::rpc::Status::default()
            .set_code(google_cloud_gax::error::rpc::Code::PermissionDenied)
            .set_message("denied");
        let error = google_cloud_gax::error::Error::service(status);
        let error = unpublished(PublishError::Rpc(std::sync::Arc::new(error))).to_string();
        assert!(error.contains("a message: denied"), "{error}");
        assert!(unpublished(PublishError::Shutdown).is_transient());
    }

    #[test]
    fn a_message_no_topic_takes_is_refused() {
        let key = "x".repeat(LARGEST_BODY);
        let large = Message::Execution(ExecutionMessage::new("e".into(), Event::TimerFired { key }));
        assert!(matches!(encode(&large), Err(PortError::Invalid { .. })));
    }
}
