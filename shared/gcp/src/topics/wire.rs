//! The JSON of Pub/Sub's REST API.

use super::PORT;
use super::push::Endpoint;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use segue_ports::PortError;
use segue_ports::topics::{self, Received, SubscriptionName, TopicMessage, TopicName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The topic of a subscription without one.
const DELETED: &str = "_deleted-topic_";

/// A page of a list.
pub(super) trait Page: DeserializeOwned {
    type Item;
    const COLLECTION: &'static str;
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TopicPage {
    #[serde(default)]
    topics: Vec<Topic>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Topic {
    pub(super) name: String,
}

impl Page for TopicPage {
    type Item = Topic;
    const COLLECTION: &'static str = "topics";

    fn into_parts(self) -> (Vec<Topic>, Option<String>) {
        (self.topics, self.next_page_token)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionPage {
    #[serde(default)]
    subscriptions: Vec<Subscription>,
    next_page_token: Option<String>,
}

impl Page for SubscriptionPage {
    type Item = Subscription;
    const COLLECTION: &'static str = "subscriptions";

    fn into_parts(self) -> (Vec<Subscription>, Option<String>) {
        (self.subscriptions, self.next_page_token)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    name: String,
    topic: String,
    #[serde(default)]
    ack_deadline_seconds: u64,
    #[serde(default)]
    enable_message_ordering: bool,
    #[serde(default)]
    push_config: PushConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PushConfig {
    push_endpoint: String,
}

impl Subscription {
    pub(super) fn described(self, endpoint: &Endpoint) -> Result<topics::Subscription, PortError> {
        let topic = Some(&self.topic).filter(|topic| *topic != DELETED);
        let ack_deadline = match self.ack_deadline_seconds {
            0 => topics::ACK_DEADLINE,
            seconds => Duration::from_secs(seconds),
        };
        Ok(topics::Subscription {
            name: SubscriptionName::parse(&self.name, "")?,
            topic: topic.map(|topic| TopicName::parse(topic, "")).transpose()?,
            ack_deadline,
            is_ordered: self.enable_message_ordering,
            push: endpoint.push(&self.push_config.push_endpoint),
        })
    }
}

pub(super) fn new_subscription(subscription: &topics::Subscription, topic: &TopicName) -> Json {
    json!({
        "topic": topic.to_string(),
        "ackDeadlineSeconds": subscription.ack_deadline.as_secs(),
        "enableMessageOrdering": subscription.is_ordered,
        // A subscription is not deleted because no message came for a month.
        "expirationPolicy": {},
    })
}

#[derive(Serialize)]
pub(super) struct Publish {
    messages: Vec<Message>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Message {
    data: String,
    attributes: BTreeMap<String, String>,
    ordering_key: String,
    #[serde(skip_serializing)]
    message_id: String,
    #[serde(skip_serializing)]
    publish_time: Option<Timestamp>,
}

impl Publish {
    pub(super) fn new(messages: &[TopicMessage]) -> Self {
        let messages = messages.iter().map(|message| Message {
            data: BASE64_STANDARD.encode(&message.data),
            attributes: message.attributes.clone(),
            ordering_key: message.ordering_key.clone(),
            ..Message::default()
        });
        Self { messages: messages.collect() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published {
    pub(super) message_ids: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Pulled {
    pub(super) received_messages: Vec<Delivered>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivered {
    ack_id: String,
    #[serde(default)]
    message: Message,
}

impl Delivered {
    pub(super) fn received(self) -> Result<Received, PortError> {
        let Message { data, attributes, ordering_key, message_id, publish_time } = self.message;
        let data = BASE64_STANDARD.decode(data).map_err(|error| {
            PortError::unavailable(PORT, format!("message {message_id} is not base64: {error}"))
        })?;
        Ok(Received {
            ack_id: self.ack_id,
            published: publish_time.unwrap_or(Timestamp::UNIX_EPOCH),
            message_id,
            message: TopicMessage { data: data.into(), attributes, ordering_key },
        })
    }
}
