//! Whether the state store can be read and written.

use crate::parts::Api;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long an answer of the store counts. Everybody may ask for `/health`, and each check writes to the store.
const KEPT: Duration = Duration::from_secs(5);
/// How long the store may take. A store that takes longer counts as down.
const PATIENCE: Duration = Duration::from_secs(10);
/// The flow that the check takes a slot of. No flow can have this name, because a `/` is not allowed in it.
const FLOW: (&str, &str) = ("system", "health/check");

/// Asks the state store, and remembers the answer for a while.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Option<(Instant, Result<(), String>)>>);

impl Health {
    /// Reads from the store and writes to it. Requests at the same time share one check.
    ///
    /// # Errors
    /// The reason why the store is down.
    pub(crate) async fn check(&self, api: &Api) -> Result<(), String> {
        let mut last = self.0.lock().await;
        if let Some((when, answer)) = &*last
            && when.elapsed() < KEPT
        {
            return answer.clone();
        }
        let answer = match timeout(PATIENCE, probe(api)).await {
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

/// A slot that is taken and given back changes nothing that anybody can see, and is written twice.
async fn probe(api: &Api) -> Result<(), PortError> {
    let (namespace, flow) = FLOW;
    api.state().check().await?;
    let execution = ExecutionId::derive(&[namespace, flow]);
    api.state().take_slot(namespace, flow, 1, &execution, false, api.now()).await?;
    api.state().release_slot(namespace, flow, &execution, api.now()).await?;
    Ok(())
}
