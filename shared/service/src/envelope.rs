//! Pub/Sub's push request: the envelope round a message, and the answer Pub/Sub reads a verdict from.

use crate::app::Shared;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_ports::Verdict;
use segue_ports::wire::Message;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What Pub/Sub sends to a push endpoint.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    message: Pushed,
    #[serde(default)]
    subscription: String,
    #[serde(default)]
    delivery_attempt: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pushed {
    #[serde(default)]
    data: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    message_id: String,
}

/// `POST /`: 204 when the message is done with, 503 when it is to come again, 400 for what is no envelope. A
/// message nobody can read is logged, counted and acknowledged: it would come again for ever.
pub(crate) async fn receive(State(shared): State<Arc<Shared>>, body: Bytes) -> (StatusCode, String) {
    let envelope: Envelope = match serde_json::from_slice(&body) {
        Ok(envelope) => envelope,
        Err(error) => {
            tracing::warn!(%error, "a request that is no push envelope");
            return (StatusCode::BAD_REQUEST, format!("this is no Pub/Sub push envelope: {error}"));
        }
    };
    let message = match read(&envelope.message.data) {
        Ok(message) => message,
        Err(reason) => {
            shared.unreadable.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                reason,
                message_id = envelope.message.message_id,
                subscription = envelope.subscription,
                attributes = ?envelope.message.attributes,
                "an unreadable message is dropped"
            );
            return (StatusCode::NO_CONTENT, String::new());
        }
    };
    tracing::debug!(
        message_id = envelope.message.message_id,
        delivery_attempt = envelope.delivery_attempt,
        "a message came"
    );
    match shared.handler.handle(message).await {
        Verdict::Done => (StatusCode::NO_CONTENT, String::new()),
        Verdict::Retry => (StatusCode::SERVICE_UNAVAILABLE, "later".to_owned()),
    }
}

fn read(data: &str) -> Result<Message, String> {
    let bytes = STANDARD.decode(data).map_err(|error| format!("message.data is no base64: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("message.data is no message of Segue: {error}"))
}
