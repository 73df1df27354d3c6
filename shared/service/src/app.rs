//! The router of a service that receives messages by push requests.

use crate::caller::{CallerCheck, PushCaller};
use crate::envelope::{receive, receive_arrival, receive_dead_letter};
use crate::health::health;
use crate::shared::Shared;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use segue_ports::{DeadLetterHandler, InternalStorage, MessageHandler, Usage};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tower::limit::GlobalConcurrencyLimitLayer;

/// The largest request, in bytes: Pub/Sub's own limit of 10 MB, in base64, with its envelope.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The handlers of a service.
#[derive(Clone)]
pub struct Handlers {
    /// Handles messages.
    pub messages: Arc<dyn MessageHandler>,
    /// Handles the given-up messages of every service. Only one service has this handler.
    pub dead_letters: Option<Arc<dyn DeadLetterHandler>>,
    /// Counts billed requests. None: nothing is counted.
    pub usage: Option<Arc<dyn Usage>>,
    /// Has the bodies of large delayed messages. None: there are no such messages.
    pub storage: Option<InternalStorage>,
}

impl Handlers {
    /// Handles messages, but no dead letters, and counts nothing.
    pub fn messages_only(messages: impl MessageHandler + 'static) -> Self {
        Self { messages: Arc::new(messages), dead_letters: None, usage: None, storage: None }
    }
}

/// The router. `POST /` accepts Pub/Sub's push requests, `POST /dead-letters` its dead letters, and `POST /messages/…` the
/// messages of topics for realtime triggers, from `caller` only and at most `concurrency` at once. `GET /health` answers that the service runs, and how many
/// billed requests it made.
pub fn app(handlers: Handlers, caller: &PushCaller, concurrency: usize) -> Router {
    let shared = Arc::new(Shared {
        handler: handlers.messages,
        dead_letters: handlers.dead_letters,
        callers: CallerCheck::new(caller),
        usage: handlers.usage,
        storage: handlers.storage,
        unreadable: AtomicU64::new(0),
    });
    Router::new()
        .route("/", post(receive))
        .route("/dead-letters", post(receive_dead_letter))
        .route("/messages/{namespace}/{flow}/{trigger}", post(receive_arrival))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(GlobalConcurrencyLimitLayer::new(concurrency.max(1)))
        .route("/health", get(health))
        .with_state(shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use segue_ports::Verdict;
    use segue_ports::bus::GivenUp;
    use segue_ports::wire::Message;
    use serde_json::{Value, json};
    use std::sync::Mutex;
    use tower::ServiceExt as _;

    /// Records the messages, and gives the answers that the test sets.
    struct Recorder {
        verdict: Verdict,
        seen: Mutex<Vec<Message>>,
        given_up: Mutex<Vec<GivenUp>>,
    }

    #[async_trait::async_trait]
    impl MessageHandler for Recorder {
        async fn handle(&self, message: Message) -> Verdict {
            self.seen.lock().unwrap().push(message);
            self.verdict
        }
    }

    #[async_trait::async_trait]
    impl DeadLetterHandler for Recorder {
        async fn given_up(&self, letter: GivenUp) -> Verdict {
            self.given_up.lock().unwrap().push(letter);
            self.verdict
        }
    }

    fn recorder(verdict: Verdict) -> Arc<Recorder> {
        Arc::new(Recorder { verdict, seen: Mutex::default(), given_up: Mutex::default() })
    }

    fn app(recorder: Arc<Recorder>) -> Router {
        app_with(recorder, None)
    }

    fn app_with(recorder: Arc<Recorder>, storage: Option<InternalStorage>) -> Router {
        let handlers =
            Handlers { messages: recorder.clone(), dead_letters: Some(recorder), usage: None, storage };
        super::app(handlers, &PushCaller::Anybody, 8)
    }

    async fn post_to(app: &Router, body: impl Into<Body>) -> (StatusCode, String) {
        let request = Request::post("/").body(body.into()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap())
    }

    fn envelope(data: &str) -> String {
        json!({
            "message": {"data": data, "attributes": {"k": "v"}, "messageId": "7", "publishTime": "2026-01-01T00:00:00Z"},
            "subscription": "projects/p/subscriptions/s",
            "deliveryAttempt": 2,
        })
        .to_string()
    }

    fn event() -> String {
        json!({"kind": "execution", "version": 1, "executionId": "e1", "event": {"event": "ExecutionCreated"}}).to_string()
    }

    #[tokio::test]
    async fn verdicts_become_codes() {
        for (verdict, code) in
            [(Verdict::Done, StatusCode::NO_CONTENT), (Verdict::Retry, StatusCode::SERVICE_UNAVAILABLE)]
        {
            let recorder = recorder(verdict);
            let app = app(recorder.clone());
            assert_eq!(post_to(&app, envelope(&STANDARD.encode(event()))).await.0, code);
            let seen = recorder.seen.lock().unwrap();
            assert!(
                matches!(&seen[..], [Message::Execution(message)] if message.execution_id.as_str() == "e1")
            );
        }
    }

    const UNREADABLE: [&str; 2] = ["%%%", ""];

    /// The same without the count of deliveries, which Pub/Sub sends only with a dead-letter policy.
    fn uncounted(data: &str) -> String {
        envelope(data).replace("\"deliveryAttempt\"", "\"other\"")
    }

    #[tokio::test]
    async fn a_poison_message_goes_the_way_of_dead_letters_or_is_dropped() {
        let recorder = recorder(Verdict::Retry);
        let app = app(recorder.clone());
        let unknown = STANDARD.encode("{\"kind\": \"unknown\"}");
        for data in UNREADABLE.into_iter().chain([&*unknown, &STANDARD.encode([0xff, 0x00])]) {
            let (code, reason) = post_to(&app, envelope(data)).await;
            assert_eq!(code, StatusCode::UNPROCESSABLE_ENTITY, "{data}");
            assert!(reason.starts_with("message.data is not "), "{reason}");
            assert_eq!(post_to(&app, uncounted(data)).await.0, StatusCode::NO_CONTENT, "{data}");
        }
        assert!(recorder.seen.lock().unwrap().is_empty());
        let health = app.oneshot(Request::get("/health").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(health.status(), StatusCode::OK);
        let health: Value =
            serde_json::from_slice(&to_bytes(health.into_body(), 1000).await.unwrap()).unwrap();
        assert_eq!(health, json!({"status": "UP", "unreadableMessages": 8}));
    }

    #[tokio::test]
    async fn dead_letters_are_told_apart_by_what_pubsub_says_of_them() {
        let recorder = recorder(Verdict::Done);
        let app = app(recorder.clone());
        let letter = |data: &str| {
            json!({"message": {"data": data, "messageId": "8", "publishTime": "2026-01-01T00:00:00.5Z", "attributes": {
                "executionId": "e1",
                "CloudPubSubDeadLetterSourceSubscription": "segue-task-http",
                "CloudPubSubDeadLetterSourceDeliveryCount": "5",
            }}})
            .to_string()
        };
        for data in ["%%%", &STANDARD.encode(event())] {
            let request = Request::post("/dead-letters").body(Body::from(letter(data))).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
        }
        let letters = recorder.given_up.lock().unwrap();
        let messages: Vec<_> = letters.iter().map(|letter| letter.message.is_some()).collect();
        assert_eq!(messages, [false, true]);
        for letter in letters.iter() {
            assert_eq!(letter.execution_id.as_ref().map(|id| id.as_str()), Some("e1"));
            assert_eq!((&*letter.subscription, letter.deliveries), ("segue-task-http", 5));
            assert_eq!(letter.since, Some("2026-01-01T00:00:00.5Z".parse().unwrap()));
        }
    }

    /// A message of a topic may contain anything, also what looks like a message of Segue.
    #[tokio::test]
    async fn a_message_of_a_topic_names_its_trigger_in_the_path() {
        let (handled, refused) = (recorder(Verdict::Done), recorder(Verdict::Retry));
        let body =
            |data: &str| envelope(data).replace("\"messageId\"", "\"orderingKey\": \"o\", \"messageId\"");
        for (recorder, code) in
            [(handled.clone(), StatusCode::NO_CONTENT), (refused, StatusCode::SERVICE_UNAVAILABLE)]
        {
            for data in ["", &STANDARD.encode([0xff, 0]), &STANDARD.encode(event())] {
                let request =
                    Request::post("/messages/company.team/f-1/t").body(Body::from(body(data))).unwrap();
                assert_eq!(app(recorder.clone()).oneshot(request).await.unwrap().status(), code);
            }
        }
        let request = Request::post("/messages/a/b/c").body(Body::from("{\"message\": {}}")).unwrap();
        assert_eq!(app(handled.clone()).oneshot(request).await.unwrap().status(), StatusCode::BAD_REQUEST);
        let seen = handled.seen.lock().unwrap();
        assert_eq!(seen.len(), 3);
        for message in seen.iter() {
            let Message::Arrived(arrived) = message else { panic!("{message:?}") };
            assert_eq!(arrived.key.to_string(), "company.team.f-1.t");
            assert_eq!((&*arrived.message_id, &*arrived.ordering_key), ("7", "o"));
            assert_eq!(
                (&*arrived.subscription, &*arrived.attributes["k"]),
                ("projects/p/subscriptions/s", "v")
            );
        }
    }

    #[tokio::test]
    async fn a_body_without_an_envelope_is_refused_with_a_reason() {
        let app = app(recorder(Verdict::Done));
        for body in ["", "nonsense", "[]", "{\"message\": 1}"] {
            let (code, reason) = post_to(&app, body).await;
            assert_eq!(code, StatusCode::BAD_REQUEST, "{body}");
            assert!(reason.starts_with("the body is not a Pub/Sub push envelope: "), "{reason}");
        }
        assert_eq!(post_to(&app, vec![b' '; LARGEST_BODY + 1]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
