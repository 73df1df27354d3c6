//! Pushes any bytes to a service, as a message and as a dead letter. The service answers each, and no answer is a
//! server error (500).
#![no_main]

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use segue_ports::bus::{DeadLetterHandler, GivenUp};
use segue_ports::wire::Message;
use segue_ports::{MessageHandler, Verdict};
use segue_service::{Handlers, PushCaller, app};
use std::cell::RefCell;
use std::sync::Arc;
use tower::ServiceExt as _;

/// Accepts every readable message. Writes the message as JSON again, parses this JSON, and compares the two messages.
struct Taker;

#[async_trait::async_trait]
impl MessageHandler for Taker {
    async fn handle(&self, message: Message) -> Verdict {
        let again = Message::from_body(&serde_json::to_vec(&message).unwrap(), "1").unwrap();
        assert_eq!(again, message);
        Verdict::Done
    }
}

#[async_trait::async_trait]
impl DeadLetterHandler for Taker {
    async fn given_up(&self, _: GivenUp) -> Verdict {
        Verdict::Retry
    }
}

thread_local! {
    static SERVICE: RefCell<(tokio::runtime::Runtime, axum::Router)> = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (messages, dead_letters) = (Arc::new(Taker), Some(Arc::new(Taker) as Arc<dyn DeadLetterHandler>));
        let handlers = Handlers { messages, dead_letters, usage: None, storage: None };
        RefCell::new((runtime, app(handlers, &PushCaller::Anybody, 8)))
    };
}

fuzz_target!(|bytes: &[u8]| {
    // The first byte decides how the other bytes are sent: as a whole request, or as the data of a message.
    let Some((first, rest)) = bytes.split_first() else { return };
    let body = match first % 2 {
        0 => rest.to_vec(),
        _ => {
            let data = STANDARD.encode(rest);
            serde_json::json!({"message": {"data": data, "messageId": "1"}, "subscription": "s"}).to_string().into()
        }
    };
    let path = if first % 4 < 2 { "/" } else { "/dead-letters" };
    let request = Request::post(path).body(Body::from(body)).unwrap();
    let status = SERVICE.with_borrow(|(runtime, app)| runtime.block_on(app.clone().oneshot(request)).unwrap().status());
    let expected = [
        StatusCode::NO_CONTENT,
        StatusCode::BAD_REQUEST,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    assert!(expected.contains(&status), "{status}");
});
