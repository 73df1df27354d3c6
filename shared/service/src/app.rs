//! The router of a service that is woken by messages.

use crate::envelope::receive;
use crate::health::health;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use segue_ports::MessageHandler;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The largest request, bytes: Pub/Sub's own limit of 10 MB, in base64, with its envelope.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// What the endpoints share.
pub(crate) struct Shared {
    pub(crate) handler: Arc<dyn MessageHandler>,
    pub(crate) unreadable: AtomicU64,
}

/// The router: `POST /` takes Pub/Sub's push requests, `GET /health` says that the service is there.
pub fn app(handler: Arc<dyn MessageHandler>) -> Router {
    let shared = Arc::new(Shared { handler, unreadable: AtomicU64::new(0) });
    Router::new()
        .route("/", post(receive))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
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
    use segue_ports::wire::Message;
    use serde_json::{Value, json};
    use std::sync::Mutex;
    use tower::ServiceExt as _;

    /// Remembers what it was handed and answers as it is told to.
    struct Recorder {
        verdict: Verdict,
        seen: Mutex<Vec<Message>>,
    }

    #[async_trait::async_trait]
    impl MessageHandler for Recorder {
        async fn handle(&self, message: Message) -> Verdict {
            self.seen.lock().unwrap().push(message);
            self.verdict
        }
    }

    fn recorder(verdict: Verdict) -> Arc<Recorder> {
        Arc::new(Recorder { verdict, seen: Mutex::default() })
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

    #[tokio::test]
    async fn a_poison_message_is_dropped_and_counted() {
        let recorder = recorder(Verdict::Retry);
        let app = app(recorder.clone());
        for data in ["%%%", "", &STANDARD.encode("{\"kind\": \"unknown\"}"), &STANDARD.encode([0xff, 0x00])] {
            assert_eq!(post_to(&app, envelope(data)).await.0, StatusCode::NO_CONTENT, "{data}");
        }
        assert!(recorder.seen.lock().unwrap().is_empty());
        let health = app.oneshot(Request::get("/health").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(health.status(), StatusCode::OK);
        let health: Value =
            serde_json::from_slice(&to_bytes(health.into_body(), 1000).await.unwrap()).unwrap();
        assert_eq!(health, json!({"status": "UP", "unreadableMessages": 4}));
    }

    #[tokio::test]
    async fn what_is_no_envelope_is_refused_with_a_reason() {
        let app = app(recorder(Verdict::Done));
        for body in ["", "nonsense", "[]", "{\"message\": 1}"] {
            let (code, reason) = post_to(&app, body).await;
            assert_eq!(code, StatusCode::BAD_REQUEST, "{body}");
            assert!(reason.starts_with("this is no Pub/Sub push envelope: "), "{reason}");
        }
        assert_eq!(post_to(&app, vec![b' '; LARGEST_BODY + 1]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
