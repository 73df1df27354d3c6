//! The paths of Pub/Sub's JSON API. Each calls the function that gRPC clients call.

use super::messages::{
    Acknowledge, List, ModifyAckDeadline, OfSubscription, OfTopic, Publish, Pull, Subscription, Topic,
};
use super::{PubSub, subscriptions, topics};
use crate::refusal::Refusal;
use crate::rpc::json::read;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use std::sync::Arc;

type Shared = State<Arc<PubSub>>;
type Answer = Result<Response, Refusal>;

/// The project and the id in a path.
type Names = Path<(String, String)>;

/// The page that a client asks for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    page_size: i32,
    page_token: String,
}

impl Page {
    fn of(self, parent: String) -> List {
        List { parent, page_size: self.page_size, page_token: self.page_token }
    }
}

pub(super) fn routes(state: Arc<PubSub>) -> Router {
    let of_topic = get(show_topic).put(create_topic).delete(delete_topic).post(act_on_topic);
    let of_subscription =
        get(show_subscription).put(create_subscription).delete(delete_subscription).post(act_on_subscription);
    let inner = Router::new()
        .route("/topics", get(list_topics))
        .route("/topics/{topic}", of_topic)
        .route("/topics/{topic}/subscriptions", get(list_subscriptions_of_topic))
        .route("/subscriptions", get(list_subscriptions))
        .route("/subscriptions/{subscription}", of_subscription);
    Router::new().nest("/v1/projects/{project}", inner).with_state(state)
}

fn topic_name(project: &str, id: &str) -> String {
    format!("projects/{project}/topics/{id}")
}

fn subscription_name(project: &str, id: &str) -> String {
    format!("projects/{project}/subscriptions/{id}")
}

async fn list_topics(State(pubsub): Shared, Path(project): Path<String>, Query(page): Query<Page>) -> Answer {
    Ok(Json(topics::list(pubsub, page.of(project)).await?).into_response())
}

async fn list_subscriptions_of_topic(
    State(pubsub): Shared,
    Path((project, id)): Names,
    Query(page): Query<Page>,
) -> Answer {
    Ok(Json(topics::subscriptions(pubsub, page.of(topic_name(&project, &id))).await?).into_response())
}

async fn create_topic(State(pubsub): Shared, Path((project, id)): Names, body: Bytes) -> Answer {
    let mut topic: Topic = read(&body)?;
    topic.name = topic_name(&project, &id);
    Ok(Json(topics::create(pubsub, topic).await?).into_response())
}

async fn show_topic(State(pubsub): Shared, Path((project, id)): Names) -> Answer {
    let topic = OfTopic { topic: topic_name(&project, &id) };
    Ok(Json(topics::get(pubsub, topic).await?).into_response())
}

async fn delete_topic(State(pubsub): Shared, Path((project, id)): Names) -> Answer {
    let topic = OfTopic { topic: topic_name(&project, &id) };
    Ok(Json(topics::delete(pubsub, topic).await?).into_response())
}

/// `TOPIC:publish`.
async fn act_on_topic(State(pubsub): Shared, Path((project, last)): Names, body: Bytes) -> Answer {
    match last.rsplit_once(':') {
        Some((id, "publish")) => {
            let publish = Publish { topic: topic_name(&project, id), ..read(&body)? };
            Ok(Json(topics::publish(pubsub, publish).await?).into_response())
        }
        _ => Err(unknown(&last)),
    }
}

async fn list_subscriptions(
    State(pubsub): Shared,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Answer {
    Ok(Json(subscriptions::list(pubsub, page.of(project)).await?).into_response())
}

async fn create_subscription(State(pubsub): Shared, Path((project, id)): Names, body: Bytes) -> Answer {
    let mut subscription: Subscription = read(&body)?;
    subscription.name = subscription_name(&project, &id);
    Ok(Json(subscriptions::create(pubsub, subscription).await?).into_response())
}

async fn show_subscription(State(pubsub): Shared, Path((project, id)): Names) -> Answer {
    let subscription = OfSubscription { subscription: subscription_name(&project, &id) };
    Ok(Json(subscriptions::get(pubsub, subscription).await?).into_response())
}

async fn delete_subscription(State(pubsub): Shared, Path((project, id)): Names) -> Answer {
    let subscription = OfSubscription { subscription: subscription_name(&project, &id) };
    Ok(Json(subscriptions::delete(pubsub, subscription).await?).into_response())
}

/// `SUBSCRIPTION:pull` and the other acts on deliveries.
async fn act_on_subscription(State(pubsub): Shared, Path((project, last)): Names, body: Bytes) -> Answer {
    let (id, act) = last.rsplit_once(':').ok_or_else(|| unknown(&last))?;
    let subscription = subscription_name(&project, id);
    match act {
        "pull" => {
            let pull = Pull { subscription, ..read(&body)? };
            Ok(Json(subscriptions::pull(pubsub, pull).await?).into_response())
        }
        "acknowledge" => {
            let acknowledge = Acknowledge { subscription, ..read(&body)? };
            Ok(Json(subscriptions::acknowledge(pubsub, acknowledge).await?).into_response())
        }
        "modifyAckDeadline" => {
            let extend = ModifyAckDeadline { subscription, ..read(&body)? };
            Ok(Json(subscriptions::extend(pubsub, extend).await?).into_response())
        }
        _ => Err(unknown(&last)),
    }
}

fn unknown(last: &str) -> Refusal {
    let act = last.rsplit_once(':').map_or("POST", |(_, act)| act);
    Refusal::new("notImplemented", format!("the local platform does not have the act {act} of Pub/Sub"))
}
