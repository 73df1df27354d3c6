//! Sends an execution at each change, as server-sent events (docs/kestra.md 6.3): `progress`, and at last `end`.

use crate::error::Answer;
use crate::followed::{Followed, Seen};
use crate::parts::Api;
use crate::queries::executions::{stored, whole};
use crate::view::events::{Sender, stream};
use axum::extract::{Path, State};
use axum::response::Response;
use segue_executor::Change;
use segue_model::id::ExecutionId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

pub(super) async fn follow(State(api): State<Api>, Path(id): Path<String>) -> Answer<Response> {
    // Subscribe before the first read, so that no change is missed.
    let changes = api.watch.subscribe();
    stored(&api, &id).await?;
    Ok(stream(|sender| tell(api, id, changes, sender)))
}

async fn tell(api: Api, id: String, mut changes: Receiver<Change>, sender: Sender) {
    let mut followed = Followed::new(&api, ExecutionId::from(id), None);
    loop {
        match followed.look(&api).await {
            // A deleted execution has no last event.
            Seen::Gone => return,
            Seen::Same => {}
            Seen::News(stored) => {
                let is_last = stored.execution.state.current().is_terminal();
                let kind = if is_last { "end" } else { "progress" };
                if !sender.send(kind, &whole(&api, stored)).await || is_last {
                    return;
                }
            }
        }
        let pause = followed.pause();
        tokio::select! {
            () = sender.left() => return,
            () = changed(&mut changes, followed.id()) => {}
            () = tokio::time::sleep(pause) => {}
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
