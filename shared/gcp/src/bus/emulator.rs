//! Creates topics and push subscriptions on Pub/Sub's emulator, for tests and for a local server on
//! emulators. They have the settings that Terraform uses in the cloud: push, retry policy, dead letters.

use crate::config::PlatformConfig;
use segue_ports::PortError;
use serde_json::{Value as Json, json};
use std::time::Duration;

const PORT: &str = "event bus";

/// A push subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSubscription {
    /// The name, before the prefix is added.
    pub name: String,
    /// The topic, before the prefix is added.
    pub topic: String,
    /// The URL that messages are posted to.
    pub endpoint: String,
    /// The time limit for an answer: 10 to 600 seconds.
    pub ack_deadline: Duration,
    /// The shortest and the longest wait before a message is delivered again.
    pub backoff: (Duration, Duration),
    /// The topic for dead letters (before the prefix is added), and the number of deliveries after which a
    /// message goes there.
    pub dead_letters: Option<(String, u32)>,
}

/// The topic for messages that were delivered too often, before the prefix is added.
pub const DEAD_LETTERS: &str = "dead-letters";

/// Creates a topic, unless it exists.
///
/// # Errors
/// [`PortError::Invalid`] without an emulator. [`PortError::Unavailable`] if the emulator does not answer as
/// it should.
pub async fn ensure_topic(config: &PlatformConfig, topic: &str) -> Result<(), PortError> {
    put(config, &topic_name(config, topic), &json!({})).await
}

/// Creates a subscription with its topics. An existing subscription is replaced.
///
/// # Errors
/// As [`ensure_topic`].
pub async fn ensure_subscription(
    config: &PlatformConfig,
    subscription: &PushSubscription,
) -> Result<(), PortError> {
    ensure_topic(config, &subscription.topic).await?;
    let name = format!("projects/{}/subscriptions/{}", config.project, config.prefixed(&subscription.name));
    let mut body = json!({
        "topic": topic_name(config, &subscription.topic),
        "pushConfig": {"pushEndpoint": subscription.endpoint},
        "ackDeadlineSeconds": subscription.ack_deadline.as_secs(),
        "retryPolicy": {
            "minimumBackoff": seconds(subscription.backoff.0),
            "maximumBackoff": seconds(subscription.backoff.1),
        },
    });
    if let (Some((topic, attempts)), Some(fields)) = (&subscription.dead_letters, body.as_object_mut()) {
        ensure_topic(config, topic).await?;
        let policy = json!({"deadLetterTopic": topic_name(config, topic), "maxDeliveryAttempts": attempts});
        fields.insert("deadLetterPolicy".to_owned(), policy);
    }
    delete(config, &name).await?;
    put(config, &name, &body).await
}

fn topic_name(config: &PlatformConfig, topic: &str) -> String {
    format!("projects/{}/topics/{}", config.project, config.prefixed(topic))
}

fn seconds(wait: Duration) -> String {
    format!("{}.{:03}s", wait.as_secs(), wait.subsec_millis())
}

fn address(config: &PlatformConfig, name: &str) -> Result<String, PortError> {
    let url = config.emulators.pubsub.as_ref().ok_or_else(|| {
        PortError::invalid(
            "topics and subscriptions are made by Terraform; only those of an emulator (PUBSUB_EMULATOR_HOST) are \
             made here",
        )
    })?;
    Ok(format!("{url}/v1/{name}"))
}

async fn put(config: &PlatformConfig, name: &str, body: &Json) -> Result<(), PortError> {
    let request = reqwest::Client::new().put(address(config, name)?).json(body);
    // 409: it exists already.
    send(request, name, &[200, 409]).await
}

async fn delete(config: &PlatformConfig, name: &str) -> Result<(), PortError> {
    send(reqwest::Client::new().delete(address(config, name)?), name, &[200, 404]).await
}

async fn send(request: reqwest::RequestBuilder, name: &str, accepted: &[u16]) -> Result<(), PortError> {
    let answer = request.send().await.map_err(|error| PortError::unavailable(PORT, error))?;
    let status = answer.status().as_u16();
    if accepted.contains(&status) {
        return Ok(());
    }
    let text = answer.text().await.unwrap_or_default();
    Err(PortError::unavailable(PORT, format!("the emulator answered {status} about {name}: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_google_reads_them() {
        assert_eq!(seconds(Duration::from_millis(100)), "0.100s");
        assert_eq!(seconds(Duration::from_secs(60)), "60.000s");
    }
}
