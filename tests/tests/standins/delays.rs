//! Tests delayed messages through Cloud Tasks.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use crate::{platform, serve};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use segue_embedded::open;
use segue_gcp::PubSubBus;
use segue_model::event::Event;
use segue_ports::wire::{ExecutionMessage, Message};
use segue_ports::{EventBus as _, MessageHandler, Outgoing, PortError, Topic, Verdict};
use segue_service::{Handlers, PushCaller, app};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The published messages, each with its time and topic. The first publication is refused.
#[derive(Default)]
struct PubSub(Mutex<Vec<(Timestamp, String, Value)>>);

async fn publish(
    State(seen): State<Arc<PubSub>>,
    Path(topic): Path<String>,
    Json(body): Json<Value>,
) -> StatusCode {
    let mut seen = seen.0.lock().unwrap();
    seen.push((Timestamp::now(), topic, body));
    if seen.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

async fn pubsub() -> (String, Arc<PubSub>) {
    let seen = Arc::new(PubSub::default());
    let app = Router::new().route("/v1/projects/demo/topics/{topic}", post(publish));
    (serve(app.with_state(seen.clone())).await, seen)
}

fn outgoing(key: &str) -> Outgoing {
    let event = Event::TimerFired { key: key.to_owned() };
    let message = Message::Execution(ExecutionMessage::new("e-1".into(), event));
    Outgoing { topic: Topic::Executions, message }
}

async fn tasks(address: &str) -> Vec<Value> {
    let url = format!("{address}/v2/projects/demo/locations/europe-west1/queues/segue-delays/tasks");
    let listed: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    listed["tasks"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_comes_when_it_is_due_and_not_before() {
    let (pubsub, seen) = pubsub().await;
    let (address, config) = platform(None, &[("PUBSUB_EMULATOR_HOST", &pubsub)]).await;
    let bus = PubSubBus::connect(&config).await.unwrap();
    let due = Timestamp::now() + SignedDuration::from_millis(1_200);
    bus.publish_at(vec![outgoing("a")], due).await.unwrap();
    assert_eq!(tasks(&address).await.len(), 1);
    assert_eq!((bus.publish_counts().delayed, bus.publish_counts().messages), (1, 0));
    tokio::time::timeout(Duration::from_secs(20), async {
        while !tasks(&address).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    let seen = seen.0.lock().unwrap();
    assert_eq!(seen.len(), 2, "once refused, once taken: {seen:?}");
    assert!(seen[0].0 >= due, "{seen:?}");
    let (_, topic, body) = &seen[1];
    assert_eq!(topic, "segue-execution-events:publish");
    let message = &body["messages"][0];
    assert_eq!(message["attributes"]["kind"], "execution");
    assert_eq!(message["attributes"]["executionId"], "e-1");
    let data = STANDARD.decode(message["data"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Message>(&data).unwrap(), outgoing("a").message);
}

#[tokio::test]
async fn a_message_beyond_the_horizon_is_passed_on() {
    let (pubsub, seen) = pubsub().await;
    let (address, config) = platform(None, &[("PUBSUB_EMULATOR_HOST", &pubsub)]).await;
    let bus = PubSubBus::connect(&config).await.unwrap();
    let due = Timestamp::now() + SignedDuration::from_hours(24 * 45);
    bus.publish_at(vec![outgoing("far")], due).await.unwrap();
    let first = tasks(&address).await.remove(0);
    // The test sends the first task's request now, not in 29 days. So the second task is due in more than 30 days, and
    // the stand-in refuses it.
    let request = &first["httpRequest"];
    let body = STANDARD.decode(request["body"].as_str().unwrap()).unwrap();
    let mut second: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(second["task"]["scheduleTime"], due.to_string());
    let client = reqwest::Client::new();
    let url = request["url"].as_str().unwrap();
    assert_eq!(client.post(url).json(&second).send().await.unwrap().status(), 400);
    second["task"]["scheduleTime"] = Timestamp::now().to_string().into();
    assert_eq!(client.post(url).json(&second).send().await.unwrap().status(), 200);
    tokio::time::timeout(Duration::from_secs(20), async {
        while seen.0.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(seen.0.lock().unwrap()[1].1, "segue-execution-events:publish");
}

#[tokio::test]
async fn a_second_call_creates_a_second_task_only_if_the_first_may_have_run() {
    let (pubsub, _) = pubsub().await;
    let (address, config) = platform(None, &[("PUBSUB_EMULATOR_HOST", &pubsub)]).await;
    let bus = PubSubBus::connect(&config).await.unwrap();
    let hour = Timestamp::now() + SignedDuration::from_hours(1);
    // The second call is a retry after a lost answer.
    bus.publish_at(vec![outgoing("a")], hour).await.unwrap();
    bus.publish_at(vec![outgoing("a")], hour).await.unwrap();
    assert_eq!(tasks(&address).await.len(), 1);
    // A worker with a slow clock sends the message back at the moment when it was due. By then, Cloud Tasks refuses the
    // name, and nobody would deliver the message again.
    let soon = Timestamp::now() + SignedDuration::from_secs(5);
    bus.publish_at(vec![outgoing("b")], soon).await.unwrap();
    bus.publish_at(vec![outgoing("b")], soon).await.unwrap();
    assert_eq!(tasks(&address).await.len(), 3);
}

#[tokio::test]
async fn a_message_too_large_for_cloud_tasks_is_kept_in_internal_storage() {
    let (pubsub, seen) = pubsub().await;
    let (_address, config) = platform(None, &[("PUBSUB_EMULATOR_HOST", &pubsub)]).await;
    let dir = tempfile::tempdir().unwrap();
    let local = open(dir.path()).unwrap().ports;
    let bus = PubSubBus::connect(&config).await.unwrap().with_storage(local.storage.clone());
    let large = outgoing(&"x".repeat(1_500_000));
    let due = Timestamp::now() + SignedDuration::from_millis(500);
    bus.publish_at(vec![large.clone()], due).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while seen.0.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    let message = seen.0.lock().unwrap()[1].2["messages"][0].clone();
    // What a service does with the message that arrives.
    let recorder = Arc::new(Recorder::default());
    let handlers = Handlers {
        messages: recorder.clone(),
        dead_letters: None,
        usage: None,
        storage: Some(local.storage.clone()),
    };
    let service = serve(app(handlers, &PushCaller::Anybody, 8)).await;
    let post = async |message: &Value| {
        let envelope = serde_json::json!({"message": message, "subscription": "s", "deliveryAttempt": 1});
        reqwest::Client::new().post(&service).json(&envelope).send().await.unwrap().status()
    };
    // Delivered twice, it is the same message twice.
    assert_eq!(
        (post(&message).await, post(&message).await),
        (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT)
    );
    assert_eq!(*recorder.0.lock().unwrap(), [large.message.clone(), large.message]);
    // A message with a file that is gone becomes a dead letter.
    let uri = message["attributes"]["bodyAt"].as_str().unwrap();
    assert!(local.storage.delete(uri).await.unwrap());
    assert_eq!(post(&message).await, StatusCode::UNPROCESSABLE_ENTITY);
}

/// Keeps the messages that a service handles.
#[derive(Default)]
struct Recorder(Mutex<Vec<Message>>);

#[async_trait::async_trait]
impl MessageHandler for Recorder {
    async fn handle(&self, message: Message) -> Verdict {
        self.0.lock().unwrap().push(message);
        Verdict::Done
    }
}

#[tokio::test]
async fn without_storage_a_message_too_large_for_cloud_tasks_is_refused_at_once() {
    let (pubsub, _) = pubsub().await;
    let (address, config) = platform(None, &[("PUBSUB_EMULATOR_HOST", &pubsub)]).await;
    let bus = PubSubBus::connect(&config).await.unwrap();
    let due = Timestamp::now() + SignedDuration::from_hours(1);
    bus.publish_at(vec![outgoing(&"x".repeat(59_000))], due).await.unwrap();
    let mixed = vec![outgoing("small"), outgoing(&"x".repeat(73_000))];
    let refused = bus.publish_at(mixed, due).await.unwrap_err();
    assert!(matches!(refused, PortError::Invalid { .. }), "{refused}");
    assert_eq!(tasks(&address).await.len(), 1, "none of the second call");
}
