//! An execution at each of its changes, as server-sent events (docs/kestra.md 6.3): `progress`, then `end`.

use crate::error::Answer;
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

/// How long a follower relies on being woken: a change by another process wakes nobody here.
const PATIENCE: Duration = Duration::from_millis(400);

pub(super) async fn follow(State(api): State<Api>, Path(id): Path<String>) -> Answer<Response> {
    // Before the first look, so that no change falls between.
    let changes = api.watch.subscribe();
    stored(&api, &id).await?;
    Ok(stream(|sender| tell(api, id, changes, sender)))
}

async fn tell(api: Api, id: String, mut changes: Receiver<Change>, sender: Sender) {
    let id = ExecutionId::from(id);
    let mut seen = None;
    loop {
        // A store that does not answer now may answer in a while; an execution that is gone has no end to tell.
        if let Ok(found) = api.state().execution(&id).await {
            let Some(stored) = found else { return };
            let is_last = stored.execution.state.current().is_terminal();
            if is_last || seen != Some(stored.version) {
                seen = Some(stored.version);
                let kind = if is_last { "end" } else { "progress" };
                if !sender.send(kind, &whole(&api, &stored)).await || is_last {
                    return;
                }
            }
        }
        tokio::select! {
            () = sender.left() => return,
            () = changed(&mut changes, &id) => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}

/// Until the execution has changed, or changes were missed.
pub(in crate::routes) async fn changed(changes: &mut Receiver<Change>, id: &ExecutionId) {
    loop {
        match changes.recv().await {
            Ok(change) if change.execution.id != *id => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
