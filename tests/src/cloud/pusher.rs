//! Delivers the messages of a subscription to a function as Pub/Sub does: many at the same time.
//!
//! The emulator pushes at most two messages of a subscription at the same time, however many wait. Where the number
//! matters, the subscription is changed to one without push, and this module pulls and pushes the messages.

use super::Environment;
use anyhow::ensure;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The pause after the emulator could not be asked.
const PAUSE: Duration = Duration::from_millis(200);
/// The largest number of messages in one answer of the emulator.
const BATCH: usize = 100;
/// The time limit of a function for one message.
const LIMIT: Duration = Duration::from_secs(600);

/// Pushes the messages of one subscription.
#[derive(Clone)]
pub(super) struct Pusher {
    http: reqwest::Client,
    /// The address of the subscription.
    subscription: String,
    name: String,
    endpoint: String,
}

impl Pusher {
    /// Takes a subscription's push away, and pushes its messages to `endpoint` until the process ends. At most `window`
    /// messages are with the function at the same time.
    ///
    /// # Errors
    /// An error if the emulator refuses the change.
    pub(super) async fn start(
        environment: &Environment,
        name: &str,
        endpoint: &str,
        window: usize,
    ) -> anyhow::Result<()> {
        let pusher = Self {
            http: reqwest::Client::builder().timeout(LIMIT).build()?,
            subscription: format!("{}subscriptions/{name}", environment.pubsub_project()),
            name: format!("projects/{}/subscriptions/{name}", environment.project),
            endpoint: endpoint.to_owned(),
        };
        let answer = pusher.ask("modifyPushConfig", &json!({"pushConfig": {}})).await?;
        ensure!(answer.status().is_success(), "{name} cannot be changed: {}", answer.text().await?);
        let free = Arc::new(Semaphore::new(window));
        tokio::spawn(async move {
            loop {
                if pusher.pull(&free).await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Ok(())
    }

    async fn ask(&self, method: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        self.http.post(format!("{}:{method}", self.subscription)).json(body).send().await
    }

    /// Pulls as many messages as there is room for, and starts to push them.
    async fn pull(&self, free: &Arc<Semaphore>) -> anyhow::Result<()> {
        let mut permits = vec![free.clone().acquire_owned().await?];
        while permits.len() < BATCH
            && let Ok(permit) = free.clone().try_acquire_owned()
        {
            permits.push(permit);
        }
        let answer = self.ask("pull", &json!({"maxMessages": permits.len()})).await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        let received = answer.get("receivedMessages").and_then(Value::as_array).into_iter().flatten();
        for (message, permit) in received.zip(permits) {
            tokio::spawn(self.clone().push(message.clone(), permit));
        }
        Ok(())
    }

    /// Pushes one message, and tells the emulator whether the function handled it.
    async fn push(self, received: Value, _permit: OwnedSemaphorePermit) {
        let field = |name: &str| received.get(name).cloned().unwrap_or_default();
        let body = json!({
            "message": field("message"), "subscription": self.name, "deliveryAttempt": field("deliveryAttempt"),
        });
        let answer = self.http.post(&self.endpoint).json(&body).send().await;
        let ids = json!([field("ackId")]);
        let told = match answer {
            Ok(answer) if answer.status().is_success() => {
                self.ask("acknowledge", &json!({"ackIds": ids})).await
            }
            _ => self.ask("modifyAckDeadline", &json!({"ackIds": ids, "ackDeadlineSeconds": 0})).await,
        };
        // The emulator delivers a message again if it hears nothing.
        drop(told);
    }
}
