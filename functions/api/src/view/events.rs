//! Server-sent events. A stream ends when its sender ends, or when the client has left.

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::unfold;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;

/// The time between two empty lines that keep the connection open.
const STILL_THERE: Duration = Duration::from_secs(15);
/// The number of events that wait for a slow client.
const WAITING: usize = 16;

/// Sends events to a client.
#[derive(Clone)]
pub(crate) struct Sender(mpsc::Sender<Event>);

impl Sender {
    /// Sends an event. Returns false if the client has left.
    pub(crate) async fn send(&self, id: &str, data: &impl Serialize) -> bool {
        self.0
            .send(Event::default().id(id).data(serde_json::to_string(data).unwrap_or_default()))
            .await
            .is_ok()
    }

    /// Waits until the client has left.
    pub(crate) async fn left(&self) {
        self.0.closed().await;
    }
}

/// An answer that ends when `tell` ends.
pub(crate) fn stream<F>(tell: impl FnOnce(Sender) -> F) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(tell(Sender(sender)));
    let events = unfold(receiver, |mut receiver| async move {
        let event = receiver.recv().await?;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(STILL_THERE)).into_response()
}
