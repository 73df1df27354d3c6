//! The event bus on Pub/Sub's emulator, delivered by push as in production.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what is wrong here fails a test")]

mod support;

use axum::Router;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_gcp::{PlatformConfig, PubSubBus, PushSubscription, ensure_subscription};
use segue_model::event::Event;
use segue_ports::conformance::event_bus::{self as conformance, Recorder, message, topic};
use segue_ports::wire::Message;
use segue_ports::{EventBus as _, MessageHandler as _, Outgoing, PortError, Topic, Verdict};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The body that Pub/Sub posts.
#[derive(Deserialize)]
struct Push {
    message: Pushed,
}

#[derive(Deserialize)]
struct Pushed {
    data: String,
    attributes: HashMap<String, String>,
}

/// Receives pushed messages, and keeps their attributes.
#[derive(Default)]
struct Endpoint {
    recorder: Recorder,
    attributes: Mutex<Vec<HashMap<String, String>>>,
}

async fn push(State(endpoint): State<Arc<Endpoint>>, Json(push): Json<Push>) -> StatusCode {
    let data = STANDARD.decode(&push.message.data).unwrap();
    let message: Message = serde_json::from_slice(&data).unwrap();
    endpoint.attributes.lock().unwrap().push(push.message.attributes);
    match endpoint.recorder.handle(message).await {
        Verdict::Done => StatusCode::NO_CONTENT,
        Verdict::Retry | Verdict::Stopped => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn serve() -> (String, Arc<Endpoint>) {
    let endpoint = Arc::new(Endpoint::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/push", listener.local_addr().unwrap());
    let router = Router::new().route("/push", post(push)).with_state(endpoint.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, endpoint)
}

fn subscription(name: &str, topic: &str, endpoint: &str) -> PushSubscription {
    PushSubscription {
        name: name.to_owned(),
        topic: topic.to_owned(),
        endpoint: endpoint.to_owned(),
        ack_deadline: Duration::from_secs(30),
        backoff: (Duration::from_millis(100), Duration::from_secs(1)),
        dead_letters: None,
    }
}

async fn bus() -> Option<(PlatformConfig, PubSubBus)> {
    let config = support::config("PUBSUB_EMULATOR_HOST")?;
    let bus = PubSubBus::connect(&config).await.unwrap();
    Some((config, bus))
}

#[tokio::test(flavor = "multi_thread")]
async fn pubsub_does_what_the_port_says() {
    let Some((config, bus)) = bus().await else { return };
    let (address, endpoint) = serve().await;
    ensure_subscription(&config, &subscription("executor", &topic().name(), &address)).await.unwrap();
    conformance::all(&bus, &endpoint.recorder, "pubsub").await.unwrap();
    let seen = endpoint.attributes.lock().unwrap().clone();
    assert!(seen.iter().all(|one| one.get("kind").is_some_and(|kind| kind == "execution")));
    assert!(seen.iter().any(|one| one.get("executionId").is_some_and(|id| id == "pubsub-as-sent")));
    assert_eq!(
        bus.publish_counts().messages,
        323,
        "320, one as it was sent, one refused twice, one of a time past"
    );
    assert!(bus.publish_counts().bytes > 323 * 50);
}

/// A message that is refused repeatedly becomes a dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_ends_with_the_dead_letters() {
    let Some((config, bus)) = bus().await else { return };
    let (address, endpoint) = serve().await;
    let (morgue, dead) = serve().await;
    ensure_subscription(&config, &subscription("dead-letters", "dead-letters", &morgue)).await.unwrap();
    let poisoned = PushSubscription {
        dead_letters: Some(("dead-letters".to_owned(), 5)),
        ..subscription("executor", &topic().name(), &address)
    };
    // The second call changes nothing, because the topic and the subscription exist.
    ensure_subscription(&config, &poisoned).await.unwrap();
    ensure_subscription(&config, &poisoned).await.unwrap();
    endpoint.recorder.refuse("poison", u32::MAX);
    bus.publish(vec![message("poison", Event::Continued)]).await.unwrap();
    dead.recorder.done("poison").await.unwrap();
    assert!(endpoint.recorder.deliveries("poison").0 >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_is_an_error() {
    let Some((_, bus)) = bus().await else { return };
    let Outgoing { message, .. } = message("lost", Event::Continued);
    let lost = Outgoing { topic: Topic::Tasks("nowhere".into()), message };
    let answer = bus.publish(vec![lost]).await;
    assert!(matches!(answer, Err(PortError::Unavailable { .. })), "{answer:?}");
    assert_eq!(bus.publish_counts().messages, 0);
}
