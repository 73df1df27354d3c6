//! Sends the states of an execution, and of the executions of depending flows that it has caused, as server-sent events:
//! `progress` for each new state, and at last `end`.

use crate::error::Answer;
use crate::followed::PATIENCE;
use crate::looks::Looks;
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::queries::flows::dependencies::around;
use crate::request::Query;
use crate::view::events::{Sender, stream};
use axum::extract::{Path, State};
use axum::response::Response;
use segue_api_types as types;
use segue_executor::Change;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::state::State as ExecutionState;
use segue_ports::state::ExecutionFilter;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The label that all executions with the same cause have.
const CORRELATION: &str = "system.correlationId";
/// The most executions that one stream follows.
const MOST: u32 = 1_000;
/// How many looks in a row must find nothing new after the end of all executions. A Flow trigger starts an execution a
/// moment after the end of the execution that it waits for.
const QUIET: u32 = 3;

pub(super) async fn follow(State(api): State<Api>, Path(id): Path<String>, query: Query) -> Answer<Response> {
    // Subscribe before the first read, so that no change is missed.
    let changes = api.watch.subscribe();
    let own = stored(&api, &id).await?.execution;
    let (only_called, all) = (query.flag("destinationOnly", false)?, query.flag("expandAll", false)?);
    let flows = around(&api, (own.namespace.clone(), own.flow_id.clone()), only_called, all).await?;
    Ok(stream(|sender| tell(api, own, flows, changes, sender)))
}

async fn tell(
    api: Api,
    own: Execution,
    flows: BTreeSet<(String, String)>,
    mut changes: Receiver<Change>,
    sender: Sender,
) {
    let label = own.labels.iter().find(|label| label.key == CORRELATION);
    let filter = ExecutionFilter {
        labels: label.map(|label| (label.key.clone(), label.value.clone())).into_iter().collect(),
        oldest_first: true,
        limit: MOST,
        ..ExecutionFilter::default()
    };
    let mut seen: HashMap<ExecutionId, ExecutionState> = HashMap::new();
    let (mut looks, mut quiet, mut last) = (Looks::new(&api.ports, PATIENCE), 0, own.clone());
    loop {
        let mut has_changed = false;
        // A store that does not answer may answer later.
        for execution in found(&api, &own.id, &filter).await.unwrap_or_default() {
            let state = execution.state.current();
            let is_ours = execution.id == own.id
                || flows.contains(&(execution.namespace.clone(), execution.flow_id.clone()));
            if !is_ours || seen.insert(execution.id.clone(), state) == Some(state) {
                continue;
            }
            has_changed = true;
            if !sender.send("progress", &status(&execution)).await {
                return;
            }
            if execution.id == own.id {
                last = execution;
            }
        }
        let has_ended = !seen.is_empty() && seen.values().all(|state| state.is_terminal());
        quiet = if has_ended && !has_changed { quiet + 1 } else { 0 };
        if quiet >= QUIET {
            sender.send("end", &status(&last)).await;
            return;
        }
        tokio::select! {
            () = sender.left() => return,
            () = any(&mut changes), if !has_ended => {}
            () = tokio::time::sleep(looks.pause(has_changed || has_ended)) => {}
        }
    }
}

/// The execution itself, and the executions with the same cause.
async fn found(api: &Api, own: &ExecutionId, filter: &ExecutionFilter) -> Answer<Vec<Execution>> {
    if filter.labels.is_empty() {
        return Ok(vec![stored(api, own.as_str()).await?.execution]);
    }
    Ok(api.state().executions(filter).await?)
}

fn status(execution: &Execution) -> types::ExecutionStatus {
    types::ExecutionStatus {
        execution_id: execution.id.to_string(),
        tenant_id: types::TENANT.to_owned(),
        namespace: execution.namespace.clone(),
        flow_id: execution.flow_id.clone(),
        state: types::State::from(&execution.state),
    }
}

/// Waits for the next change of any execution.
async fn any(changes: &mut Receiver<Change>) {
    match changes.recv().await {
        Ok(_) | Err(RecvError::Lagged(_)) => {}
        // No more wake-ups come, so only the pauses between looks are left.
        Err(RecvError::Closed) => std::future::pending().await,
    }
}
