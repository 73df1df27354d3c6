//! Pub/Sub's push request: the envelope around a message, and the answer that tells Pub/Sub whether the
//! message was handled.

use crate::shared::Shared;
use crate::trace::TraceContext;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use segue_model::trigger_state::TriggerKey;
use segue_ports::bus::GivenUp;
use segue_ports::wire::{Arrived, BODY_AT, LARGEST_BODY, Message, WIRE_VERSION};
use segue_ports::{InternalStorage, PortError, Verdict};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tracing::Instrument as _;

/// The attribute with the id of the execution. Messages that are not about an execution do not have it.
const EXECUTION_ID: &str = "executionId";
/// The attributes that Pub/Sub adds to a dead letter.
const SOURCE: &str = "CloudPubSubDeadLetterSourceSubscription";
const DELIVERIES: &str = "CloudPubSubDeadLetterSourceDeliveryCount";

/// The body of a push request from Pub/Sub.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    message: Pushed,
    #[serde(default)]
    subscription: String,
    /// Sent only if the subscription has a dead-letter policy.
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
    #[serde(default)]
    publish_time: Option<Timestamp>,
    #[serde(default)]
    ordering_key: String,
}

/// The answer to a push request. Every status code except 2xx makes Pub/Sub deliver the message again.
type Answer = (StatusCode, String);

/// `POST /`: answers 204 if the message is handled, 503 if the message must be delivered again, and 400 if
/// the body is not an envelope. An unreadable message is refused if Pub/Sub counts deliveries, so that it
/// becomes a dead letter. If Pub/Sub does not count, the message would come forever, so it is logged and
/// dropped.
pub(crate) async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Answer {
    let envelope = match shared.open(&headers, &body).await {
        Ok(envelope) => envelope,
        Err(answer) => return answer,
    };
    let span = span(&headers, &envelope);
    async {
        match envelope.read(shared.storage.as_ref()).await {
            Ok(message) => {
                tracing::debug!(delivery_attempt = envelope.delivery_attempt, "a message came");
                answer(shared.handler.handle(message).await)
            }
            Err(Unread::Later(error)) => {
                tracing::warn!(%error, "the body of a message cannot be read now; the message is handed back");
                answer(Verdict::Retry)
            }
            Err(Unread::Never(reason)) => shared.unreadable(&envelope, &reason),
        }
    }
    .instrument(span)
    .await
}

/// `POST /dead-letters`: receives messages that were given up after too many deliveries.
pub(crate) async fn receive_dead_letter(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let Some(handler) = shared.dead_letters.clone() else {
        return (StatusCode::NOT_FOUND, "this service has no endpoint for dead letters".to_owned());
    };
    let envelope = match shared.open(&headers, &body).await {
        Ok(envelope) => envelope,
        Err(answer) => return answer,
    };
    let span = span(&headers, &envelope);
    async {
        match envelope.given_up(envelope.read(shared.storage.as_ref()).await) {
            Ok(letter) => answer(handler.given_up(letter).await),
            Err(error) => {
                tracing::warn!(%error, "the body of a dead letter cannot be read now; it is handed back");
                answer(Verdict::Retry)
            }
        }
    }
    .instrument(span)
    .await
}

/// `POST /messages/NAMESPACE/FLOW/TRIGGER`: receives a message of a topic for a realtime trigger. The content may be
/// anything. The message is delivered again until its execution exists.
pub(crate) async fn receive_arrival(
    State(shared): State<Arc<Shared>>,
    Path((namespace, flow, trigger)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let envelope = match shared.open(&headers, &body).await {
        Ok(envelope) => envelope,
        Err(answer) => return answer,
    };
    let span = span(&headers, &envelope);
    let Envelope { message, subscription, .. } = envelope;
    let arrived = Arrived {
        version: WIRE_VERSION,
        key: TriggerKey::new(namespace, flow, trigger),
        subscription,
        message_id: message.message_id,
        data: message.data,
        attributes: message.attributes,
        ordering_key: message.ordering_key,
        published: message.publish_time,
    };
    if arrived.message_id.is_empty() || arrived.subscription.is_empty() {
        return (StatusCode::BAD_REQUEST, "the envelope names no message and subscription".to_owned());
    }
    answer(shared.handler.handle(Message::Arrived(Box::new(arrived))).instrument(span).await)
}

fn answer(verdict: Verdict) -> Answer {
    match verdict {
        Verdict::Done => (StatusCode::NO_CONTENT, String::new()),
        Verdict::Retry | Verdict::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "later".to_owned()),
    }
}

/// The fields of every log line about the message.
fn span(headers: &HeaderMap, envelope: &Envelope) -> tracing::Span {
    let context = TraceContext::from_headers(headers);
    tracing::info_span!(
        "message",
        message_id = envelope.message.message_id,
        execution = envelope.message.attributes.get(EXECUTION_ID),
        trace = context.as_ref().map(|context| &*context.trace),
        span_id = context.as_ref().map(|context| &*context.span),
    )
}

impl Shared {
    /// Checks the caller, and parses the envelope.
    async fn open(&self, headers: &HeaderMap, body: &[u8]) -> Result<Envelope, Answer> {
        self.callers.admit(headers).await.inspect_err(|(code, reason)| {
            tracing::warn!(code = code.as_u16(), reason, "a push request is not admitted");
        })?;
        serde_json::from_slice(body).map_err(|error| {
            tracing::warn!(%error, "a request is not a push envelope");
            (StatusCode::BAD_REQUEST, format!("the body is not a Pub/Sub push envelope: {error}"))
        })
    }

    fn unreadable(&self, envelope: &Envelope, reason: &str) -> Answer {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
        let (subscription, attributes) = (&envelope.subscription, &envelope.message.attributes);
        if let Some(attempt) = envelope.delivery_attempt {
            tracing::error!(reason, subscription, ?attributes, attempt, "an unreadable message is refused");
            return (StatusCode::UNPROCESSABLE_ENTITY, reason.to_owned());
        }
        tracing::error!(reason, subscription, ?attributes, "an unreadable message is dropped");
        (StatusCode::NO_CONTENT, String::new())
    }
}

/// Why a message could not be read.
enum Unread {
    /// Its body is in internal storage, which does not answer.
    Later(PortError),
    /// The message is invalid.
    Never(String),
}

impl Envelope {
    async fn read(&self, storage: Option<&InternalStorage>) -> Result<Message, Unread> {
        let bytes = match self.message.attributes.get(BODY_AT) {
            Some(uri) => kept(uri, storage).await?,
            None => STANDARD
                .decode(&self.message.data)
                .map_err(|error| Unread::Never(format!("message.data is not base64: {error}")))?,
        };
        Message::from_body(&bytes, &self.message.message_id)
            .map_err(|error| Unread::Never(format!("message.data is not a message of Segue: {error}")))
    }

    /// The dead letter with what was read of its message. Pub/Sub publishes it when it gives the message up.
    fn given_up(&self, read: Result<Message, Unread>) -> Result<GivenUp, PortError> {
        let attribute = |name: &str| self.message.attributes.get(name);
        let message = match read {
            Ok(message) => Some(message),
            Err(Unread::Never(_)) => None,
            Err(Unread::Later(error)) => return Err(error),
        };
        Ok(GivenUp {
            message,
            execution_id: attribute(EXECUTION_ID).map(|id| id.as_str().into()),
            subscription: attribute(SOURCE).cloned().unwrap_or_default(),
            deliveries: attribute(DELIVERIES).and_then(|count| count.parse().ok()).unwrap_or_default(),
            deadly: false,
            since: self.message.publish_time,
        })
    }
}

/// The body of a message in internal storage.
async fn kept(uri: &str, storage: Option<&InternalStorage>) -> Result<Vec<u8>, Unread> {
    let storage = storage.ok_or_else(|| Unread::Never(format!("this service cannot read {uri}")))?;
    match storage.get_text(uri, LARGEST_BODY as u64).await {
        Ok(text) => Ok(text.into_bytes()),
        Err(error) if error.is_transient() => Err(Unread::Later(error)),
        Err(error) => Err(Unread::Never(format!("the body of the message cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_is_not_lost_because_storage_does_not_answer() {
        let envelope: Envelope = serde_json::from_str(r#"{"message": {}}"#).unwrap();
        let away = PortError::unavailable("object store", "no answer");
        assert!(envelope.given_up(Err(Unread::Later(away))).is_err_and(|error| error.is_transient()));
        let letter = envelope.given_up(Err(Unread::Never("nonsense".to_owned()))).unwrap();
        assert!(letter.message.is_none() && letter.since.is_none());
        assert!(envelope.given_up(Ok(Message::Sweep {})).unwrap().message.is_some());
    }
}
