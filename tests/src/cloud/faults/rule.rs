//! What a test asks of the proxy between Pub/Sub and the functions, for all messages of one function.

use axum::http::StatusCode;
use std::time::Duration;

/// A rule for the messages of one function.
#[derive(Clone, Debug)]
pub enum Rule {
    /// No message reaches the function. Pub/Sub gets this answer, as from Cloud Run when there is no instance.
    Answer(StatusCode),
    /// No message is delivered until the rule is removed, as if the requests of the subscriptions were paused.
    Hold,
    /// Each message with this text is sent to every process of the function, first to the first one.
    Everywhere {
        /// The text.
        text: String,
        /// The time between two processes.
        later: Duration,
    },
}
