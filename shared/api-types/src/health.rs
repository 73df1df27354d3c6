//! What the page about the health of the server shows. Segue's own: Kestra has no such answers.

use crate::server::HealthStatus;
use crate::trigger::TriggerKey;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthReport {
    /// Whether the state store can be read and written.
    pub status: HealthStatus,
    /// Why the state store is down. Absent if it is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long a read of the state store took, in ms. Absent if the store is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_ms: Option<u64>,
    /// The server's clock.
    pub now: Timestamp,
    /// Segue's version.
    pub version: String,
    /// Whether the server runs on one machine. Otherwise it runs on Google Cloud.
    pub is_local: bool,
    /// Executions that run.
    pub running: u64,
    /// Executions that wait for a permit.
    pub queued: u64,
    /// Triggers with a fire time that has passed for more than a minute.
    pub late: Vec<LateTrigger>,
    /// What waits, by topic. Absent on Google Cloud, where Pub/Sub shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<Vec<TopicBacklog>>,
    /// The number of messages that were given up. Absent on Google Cloud, where they are in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
}

/// A trigger with a fire time that has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LateTrigger {
    /// The trigger.
    #[serde(flatten)]
    pub key: TriggerKey,
    /// The fire time.
    pub due: Timestamp,
}

/// The messages of a topic that are not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicBacklog {
    /// The name of the topic.
    pub topic: String,
    /// Messages that are due, including those that are being handled.
    pub due: u64,
    /// Messages that are delivered later: delays, and retries.
    pub later: u64,
}

/// A message that was given up after too many deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The number of the message.
    pub id: u64,
    /// The name of the topic.
    pub topic: String,
    /// The content as JSON.
    pub body: String,
    /// The number of deliveries.
    pub deliveries: u32,
    /// Why the message was given up.
    pub reason: String,
    /// When the message was given up.
    pub since: Timestamp,
}
