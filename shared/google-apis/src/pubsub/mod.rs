//! Pub/Sub's API (version 1) over the topics of the platform: by gRPC, which Google's clients use, and as JSON over HTTP,
//! which `gcloud` uses.
//!
//! `topics` and `subscriptions` have the calls, `streaming` the stream on which clients receive, `rest` the paths of JSON,
//! and `messages` the types. It must not know how the platform keeps messages.
//!
//! To add a call, add a function over its messages, and a line in [`routes`] and in `rest`.

mod messages;
mod rest;
mod streaming;
mod subscriptions;
mod topics;

use crate::refusal::Refusal;
use crate::rpc::{call, other, stream};
use axum::Router;
use segue_ports::Topics;
use segue_ports::topics::{SubscriptionName, TopicName};
use std::sync::Arc;
use streaming::Receivers;

/// The API's state.
struct PubSub {
    topics: Arc<dyn Topics>,
    receivers: Receivers,
}

impl PubSub {
    fn topic(&self, name: &str) -> Result<TopicName, Refusal> {
        Ok(TopicName::parse(name, self.topics.project())?)
    }

    fn subscription(&self, name: &str) -> Result<SubscriptionName, Refusal> {
        Ok(SubscriptionName::parse(name, self.topics.project())?)
    }
}

/// The routes.
pub fn routes(topics: Arc<dyn Topics>) -> Router {
    let state = Arc::new(PubSub { topics, receivers: Receivers::default() });
    let publisher = Router::new()
        .route("/CreateTopic", call(&state, topics::create))
        .route("/GetTopic", call(&state, topics::get))
        .route("/DeleteTopic", call(&state, topics::delete))
        .route("/ListTopics", call(&state, topics::list))
        .route("/ListTopicSubscriptions", call(&state, topics::subscriptions))
        .route("/Publish", call(&state, topics::publish))
        .route("/{call}", other());
    let subscriber = Router::new()
        .route("/CreateSubscription", call(&state, subscriptions::create))
        .route("/GetSubscription", call(&state, subscriptions::get))
        .route("/DeleteSubscription", call(&state, subscriptions::delete))
        .route("/ListSubscriptions", call(&state, subscriptions::list))
        .route("/Pull", call(&state, subscriptions::pull))
        .route("/Acknowledge", call(&state, subscriptions::acknowledge))
        .route("/ModifyAckDeadline", call(&state, subscriptions::extend))
        .route("/StreamingPull", stream(&state, streaming::pull))
        .route("/{call}", other());
    Router::new()
        .nest("/google.pubsub.v1.Publisher", publisher)
        .nest("/google.pubsub.v1.Subscriber", subscriber)
        .merge(rest::routes(state))
}
