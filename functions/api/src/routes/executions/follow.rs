//! Sends an execution at each change, as server-sent events (docs/kestra.md 6.3): `progress`, and at last `end`.

use crate::error::Answer;
use crate::looks::{Glance, Looks};
use crate::parts::Api;
use crate::queries::executions::{stored, whole};
use crate::view::events::{Sender, stream};
use axum::extract::{Path, State};
use axum::response::Response;
use segue_executor::Change;
use segue_model::id::ExecutionId;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The longest wait for a wake-up where reads cost nothing. A change by another process wakes no follower of this process.
const PATIENCE: Duration = Duration::from_millis(400);

pub(super) async fn follow(State(api): State<Api>, Path(id): Path<String>) -> Answer<Response> {
    // Subscribe before the first read, so that no change is missed.
    let changes = api.watch.subscribe();
    stored(&api, &id).await?;
    Ok(stream(|sender| tell(api, id, changes, sender)))
}

async fn tell(api: Api, id: String, mut changes: Receiver<Change>, sender: Sender) {
    let id = ExecutionId::from(id);
    let (mut seen, mut glance, mut looks) = (None, Glance::default(), Looks::new(&api.ports, PATIENCE));
    loop {
        let has_changed = glance.has_changed(api.state(), &id, false).await.unwrap_or(false);
        if has_changed {
            match api.state().execution(&id).await {
                // A deleted execution has no last event.
                Ok(None) => return,
                Ok(Some(stored)) => {
                    let is_last = stored.execution.state.current().is_terminal();
                    if is_last || seen != Some(stored.version) {
                        seen = Some(stored.version);
                        let kind = if is_last { "end" } else { "progress" };
                        if !sender.send(kind, &whole(&api, &stored)).await || is_last {
                            return;
                        }
                    }
                }
                // A store that does not answer may answer later.
                Err(_) => glance.forget(),
            }
        }
        tokio::select! {
            () = sender.left() => return,
            () = changed(&mut changes, &id) => {}
            () = tokio::time::sleep(looks.pause(has_changed)) => {}
        }
    }
}

/// Waits until the execution has changed, or changes were missed.
pub(in crate::routes) async fn changed(changes: &mut Receiver<Change>, id: &ExecutionId) {
    loop {
        match changes.recv().await {
            Ok(change) if change.execution.id != *id => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
