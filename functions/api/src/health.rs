//! Checks whether the state store can be read and written.

use jiff::Timestamp;
use segue_ports::{Ports, StateStore};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long a result is reused. Every caller may request `/health`, and each check writes to the store.
const KEPT: Duration = Duration::from_secs(2);
/// How long the result of a working store is reused where requests are billed.
const KEPT_IF_BILLED: Duration = Duration::from_secs(60);
/// The longest time for a check. A slower store counts as down.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks the state store, and reuses the last result.
#[derive(Debug)]
pub(crate) struct Health {
    last: Mutex<Option<(Instant, Result<(), String>)>>,
    /// How long the result of a working store is reused.
    kept: Duration,
}

impl Health {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { last: Mutex::default(), kept: if ports.usage.is_some() { KEPT_IF_BILLED } else { KEPT } }
    }

    /// Reads from the store and writes to it. Requests at the same time share one check.
    ///
    /// # Errors
    /// The reason why the store is down.
    pub(crate) async fn check(&self, state: &dyn StateStore, now: Timestamp) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((when, answer)) = &*last
            && when.elapsed() < if answer.is_ok() { self.kept } else { KEPT }
        {
            return answer.clone();
        }
        let answer = match timeout(PATIENCE, state.check(now)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the state store has not answered for {} s", PATIENCE.as_secs())),
        };
        if let Err(reason) = &answer {
            tracing::error!(reason, "the state store is down");
        }
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}
