//! The topics of flows on Pub/Sub, by its REST API.
//!
//! What it is: [`PubSubTopics`], the adapter; the JSON of its requests and answers (`wire`); the addresses that messages
//! are pushed to (`push`). Google's own client would pull over a stream, which a service that ends between two messages
//! has no use for.
//!
//! What it must not know: flows, triggers, and what a message means. The messages between services take another way
//! (`bus`).
//!
//! How to add one more: a request is a method of the trait at the end of this file.

mod push;
mod wire;

use crate::auth::Caller;
use crate::config::PlatformConfig;
use crate::rest::{Rest, RestError};
use async_trait::async_trait;
use push::Endpoint;
use reqwest::Method;
use segue_model::trigger_state::TriggerKey;
use segue_ports::topics::{Received, Subscription, SubscriptionName, TopicMessage, TopicName, Topics};
use segue_ports::{Credentials, PortError};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

const PORT: &str = "topics";
const SERVICE: &str = "https://pubsub.googleapis.com";
/// The number of cached accounts of flows.
const REMEMBERED: usize = 64;
/// The limits of one request to publish: messages, and bytes of data. Base64 makes a third more of the bytes.
const MOST_MESSAGES: usize = 1_000;
const MOST_BYTES: usize = 7_000_000;
/// The largest number of deliveries in one request.
const MOST_ACKS: usize = 1_000;
/// The longest time that one request waits for messages.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Topics and subscriptions of Pub/Sub. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PubSubTopics {
    rest: Rest,
    project: Arc<str>,
    known: Arc<Known>,
}

/// What adapters for different identities share.
#[derive(Debug)]
struct Known {
    home: Arc<str>,
    emulator: Option<String>,
    endpoint: Endpoint,
    accounts: Mutex<HashMap<Credentials, PubSubTopics>>,
}

impl PubSubTopics {
    /// Connects to the emulator if the configuration names one, or else to Google's service with the credentials of the
    /// environment. Nothing is sent before the first request. Call this within an async runtime.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials. [`PortError::Invalid`] for an invalid address of an
    /// emulator.
    pub fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let emulator = config.emulators.pubsub.clone();
        let project: Arc<str> = config.project.as_str().into();
        let rest = rest(emulator.as_deref(), &Credentials::default())?;
        let known = Known {
            home: project.clone(),
            emulator,
            endpoint: Endpoint::from_config(config),
            accounts: Mutex::default(),
        };
        Ok(Self { rest, project, known: Arc::new(known) })
    }

    /// A request to a topic, subscription or project. `verb` is empty, or begins with a colon.
    fn request(&self, method: Method, name: &str, verb: &str) -> crate::rest::Request<'_> {
        let name = format!("{name}{verb}");
        self.rest.request(method, name.split('/'))
    }

    async fn delete(&self, what: &str, name: String) -> Result<bool, PortError> {
        match self.request(Method::DELETE, &name, "").done().await {
            Ok(()) => Ok(true),
            Err(error) if error.is_status(404) => Ok(false),
            Err(error) => Err(error.about(PORT, format!("the {what} {name}"))),
        }
    }

    /// Every page of a list in a project.
    async fn list<T: wire::Page>(&self, project: &str) -> Result<Vec<T::Item>, PortError> {
        let (mut items, mut token) = (Vec::new(), None::<String>);
        loop {
            let name = format!("projects/{project}/{}", T::COLLECTION);
            let request = self.request(Method::GET, &name, "").query("pageSize", "1000");
            let page: T = request
                .query_if("pageToken", token.as_deref())
                .send()
                .await
                .map_err(|error| error.about(PORT, format!("the project '{project}'")))?;
            let (found, next) = page.into_parts();
            items.extend(found);
            token = next.filter(|next| !next.is_empty());
            if token.is_none() {
                return Ok(items);
            }
        }
    }

    /// A request about deliveries, in pieces that Pub/Sub accepts.
    async fn about_deliveries(
        &self,
        name: &SubscriptionName,
        verb: &str,
        ack_ids: &[String],
        deadline: Option<Duration>,
    ) -> Result<(), PortError> {
        for piece in ack_ids.chunks(MOST_ACKS) {
            let mut body = json!({"ackIds": piece});
            if let (Some(deadline), Some(fields)) = (deadline, body.as_object_mut()) {
                fields.insert("ackDeadlineSeconds".to_owned(), json!(deadline.as_secs()));
            }
            let about = |error: RestError| error.about(PORT, format!("the subscription {name}"));
            self.request(Method::POST, &name.to_string(), verb)
                .json(&body)
                .map_err(about)?
                .done()
                .await
                .map_err(about)?;
        }
        Ok(())
    }
}

fn rest(emulator: Option<&str>, credentials: &Credentials) -> Result<Rest, PortError> {
    let caller = Caller::of(credentials, PORT, emulator.is_some())?;
    Rest::new(&format!("{}/v1", emulator.unwrap_or(SERVICE)), caller, PORT)
}

/// The project of a key. It is used unless another project is named (docs/kestra.md 4.6).
fn project_of_key(credentials: &Credentials) -> Option<String> {
    let key: Json = serde_json::from_str(credentials.service_account.as_deref()?).ok()?;
    key.get("project_id")?.as_str().map(str::to_owned)
}

/// Splits messages into requests that Pub/Sub accepts.
fn pieces(messages: Vec<TopicMessage>) -> Vec<Vec<TopicMessage>> {
    let mut pieces: Vec<Vec<TopicMessage>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        let size = message.data.len();
        match pieces.last_mut().filter(|piece| piece.len() < MOST_MESSAGES && bytes + size <= MOST_BYTES) {
            Some(piece) => {
                bytes += size;
                piece.push(message);
            }
            None => {
                bytes = size;
                pieces.push(vec![message]);
            }
        }
    }
    pieces
}

#[async_trait]
impl Topics for PubSubTopics {
    fn project(&self) -> &str {
        &self.project
    }

    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn Topics>>, PortError> {
        if credentials.is_ambient() {
            return Ok(None);
        }
        let mut accounts = self.known.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = accounts.get(credentials) {
            return Ok(Some(Arc::new(found.clone())));
        }
        let project = credentials.project.clone().or_else(|| project_of_key(credentials));
        let made = Self {
            rest: rest(self.known.emulator.as_deref(), credentials)?,
            project: project.map_or_else(|| self.known.home.clone(), Arc::from),
            known: self.known.clone(),
        };
        if accounts.len() >= REMEMBERED {
            accounts.clear();
        }
        accounts.insert(credentials.clone(), made.clone());
        Ok(Some(Arc::new(made)))
    }

    /// Nobody else makes the topics of an emulator.
    async fn prepare_topic(&self, topic: &TopicName) -> Result<(), PortError> {
        if self.known.emulator.is_none() {
            return Ok(());
        }
        match self.create_topic(topic).await {
            Err(PortError::AlreadyExists { .. }) => Ok(()),
            made => made,
        }
    }

    async fn create_topic(&self, topic: &TopicName) -> Result<(), PortError> {
        let about = |error: RestError| error.about(PORT, format!("the topic {topic}"));
        let request = self.request(Method::PUT, &topic.to_string(), "").json(&json!({})).map_err(about)?;
        request.done().await.map_err(about)
    }

    async fn has_topic(&self, topic: &TopicName) -> Result<bool, PortError> {
        match self.request(Method::GET, &topic.to_string(), "").done().await {
            Ok(()) => Ok(true),
            Err(error) if error.is_status(404) => Ok(false),
            Err(error) => Err(error.about(PORT, format!("the topic {topic}"))),
        }
    }

    async fn topics(&self, project: &str) -> Result<Vec<TopicName>, PortError> {
        let found = self.list::<wire::TopicPage>(project).await?;
        let mut names: Vec<TopicName> =
            found.iter().map(|topic| TopicName::parse(&topic.name, project)).collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool, PortError> {
        self.delete("topic", topic.to_string()).await
    }

    async fn publish(
        &self,
        topic: &TopicName,
        messages: Vec<TopicMessage>,
    ) -> Result<Vec<String>, PortError> {
        messages.iter().try_for_each(TopicMessage::check)?;
        let about = |error: RestError| error.about(PORT, format!("the topic {topic}"));
        let mut ids = Vec::with_capacity(messages.len());
        // One after another, so that messages with an ordering key keep their order.
        for piece in pieces(messages) {
            let request = self.request(Method::POST, &topic.to_string(), ":publish");
            let body = wire::Publish::new(&piece);
            let answer: wire::Published = request.json(&body).map_err(about)?.send().await.map_err(about)?;
            ids.extend(answer.message_ids);
        }
        Ok(ids)
    }

    async fn create_subscription(&self, subscription: &Subscription) -> Result<(), PortError> {
        let name = &subscription.name;
        let topic = subscription.topic.as_ref().ok_or_else(|| {
            PortError::invalid(format!("a new subscription needs a topic; name the topic of {name}"))
        })?;
        let about = |error: RestError| {
            let is_topic = error.is_status(404);
            error.about(
                PORT,
                if is_topic { format!("the topic {topic}") } else { format!("the subscription {name}") },
            )
        };
        let body = wire::new_subscription(subscription, topic);
        let request = self.request(Method::PUT, &name.to_string(), "").json(&body).map_err(about)?;
        request.done().await.map_err(about)
    }

    async fn subscription(&self, name: &SubscriptionName) -> Result<Option<Subscription>, PortError> {
        match self.request(Method::GET, &name.to_string(), "").send::<wire::Subscription>().await {
            Ok(found) => found.described(&self.known.endpoint).map(Some),
            Err(error) if error.is_status(404) => Ok(None),
            Err(error) => Err(error.about(PORT, format!("the subscription {name}"))),
        }
    }

    async fn subscriptions(&self, project: &str) -> Result<Vec<Subscription>, PortError> {
        let found = self.list::<wire::SubscriptionPage>(project).await?;
        let mut all: Vec<Subscription> =
            found.into_iter().map(|found| found.described(&self.known.endpoint)).collect::<Result<_, _>>()?;
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    async fn delete_subscription(&self, name: &SubscriptionName) -> Result<bool, PortError> {
        self.delete("subscription", name.to_string()).await
    }

    async fn push_to(&self, name: &SubscriptionName, trigger: Option<&TriggerKey>) -> Result<(), PortError> {
        let config = match trigger {
            Some(key) => self.known.endpoint.config(key)?,
            None => json!({}),
        };
        let about = |error: RestError| error.about(PORT, format!("the subscription {name}"));
        let request = self.request(Method::POST, &name.to_string(), ":modifyPushConfig");
        request.json(&json!({"pushConfig": config})).map_err(about)?.done().await.map_err(about)
    }

    async fn pull(
        &self,
        name: &SubscriptionName,
        most: u32,
        wait: Duration,
    ) -> Result<Vec<Received>, PortError> {
        let about = |error: RestError| error.about(PORT, format!("the subscription {name}"));
        let end = Instant::now() + wait;
        loop {
            let at_once = wait.is_zero();
            let body = json!({"maxMessages": most, "returnImmediately": at_once});
            let request =
                self.request(Method::POST, &name.to_string(), ":pull").json(&body).map_err(about)?;
            let limit =
                if at_once { Instant::now() + LONGEST_WAIT } else { end.min(Instant::now() + LONGEST_WAIT) };
            // Pub/Sub delivers the messages of a request that was given up again after their ack deadline.
            let answer = match timeout_at(limit, request.send::<wire::Pulled>()).await {
                Ok(answer) => answer.map_err(about)?,
                Err(_) => wire::Pulled::default(),
            };
            if !answer.received_messages.is_empty() || Instant::now() >= end {
                return answer.received_messages.into_iter().map(wire::Delivered::received).collect();
            }
        }
    }

    async fn acknowledge(&self, name: &SubscriptionName, ack_ids: &[String]) -> Result<(), PortError> {
        self.about_deliveries(name, ":acknowledge", ack_ids, None).await
    }

    async fn extend(
        &self,
        name: &SubscriptionName,
        ack_ids: &[String],
        deadline: Duration,
    ) -> Result<(), PortError> {
        self.about_deliveries(name, ":modifyAckDeadline", ack_ids, Some(deadline)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_and_large_messages_go_in_pieces_in_order() {
        let of = |size: usize| TopicMessage { data: vec![0; size].into(), ..TopicMessage::default() };
        let sizes = |pieces: Vec<Vec<TopicMessage>>| pieces.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(pieces((0..2_001).map(|_| of(1)).collect())), [1_000, 1_000, 1]);
        assert_eq!(
            sizes(pieces(vec![of(6_000_000), of(900_000), of(200_000), of(9_000_000), of(1)])),
            [2, 1, 1, 1]
        );
        assert!(pieces(Vec::new()).is_empty());
    }
}
