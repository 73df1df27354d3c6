//! Server-sent events. What is told ends when the teller ends, or when the listener has left.

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::unfold;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a line is sent that says nothing, so that nobody in between hangs up.
const STILL_THERE: Duration = Duration::from_secs(15);
/// How many events wait for a listener that is slow.
const WAITING: usize = 16;

/// Tells a listener.
#[derive(Clone)]
pub(crate) struct Sender(mpsc::Sender<Event>);

impl Sender {
    /// Sends an event; false where nobody listens any more.
    pub(crate) async fn send(&self, id: &str, data: &impl Serialize) -> bool {
        self.0
            .send(Event::default().id(id).data(serde_json::to_string(data).unwrap_or_default()))
            .await
            .is_ok()
    }

    /// Until nobody listens any more.
    pub(crate) async fn left(&self) {
        self.0.closed().await;
    }
}

/// An answer that goes on for as long as `tell` does.
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
