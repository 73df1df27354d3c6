//! Actions on several executions, by id or by a search. With ids, one execution that does not allow the action refuses
//! the whole request, and nothing is changed. A search skips such executions.

use super::SEARCH;
use super::delete::{PARTS, With, remove};
use crate::endpoint::{Endpoint, Kind, Param, delete, json, post};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::executions::search::{FIELDS, Selection};
use crate::request::{JsonBody, Query, state};
use axum::Json;
use axum::extract::State;
use segue_api_types as types;
use segue_executor::ActionError;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::state::State as ExecutionState;

/// The action on each execution.
#[derive(Clone, Debug)]
enum Action {
    Kill,
    Restart,
    Replay { latest: bool },
    Pause,
    Resume,
    Unqueue(ExecutionState),
    ForceRun,
    ChangeStatus(ExecutionState),
    Labels(Vec<Label>),
    Delete { with: With, even_open: bool },
}

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Replay { .. } => "replay",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Unqueue(_) => "unqueue",
            Self::ForceRun => "force run",
            Self::ChangeStatus(_) => "change status",
            Self::Labels(_) => "set labels",
            Self::Delete { .. } => "delete",
        }
    }

    /// The reason why an execution in this state does not allow the action. None if it is allowed.
    fn refuses(&self, state: ExecutionState) -> Option<&'static str> {
        use ExecutionState::{Paused, Queued, Running};
        let (fits, why) = match self {
            Self::Kill => (!state.is_terminal(), "execution already finished"),
            Self::Restart => (state.is_terminal() || state == Paused, "execution not terminated"),
            Self::Replay { .. } => (true, ""),
            Self::Pause => (state == Running, "execution is not running"),
            Self::Resume => (state == Paused, "execution is not paused"),
            Self::Unqueue(_) => (state == Queued, "execution is not queued"),
            Self::ForceRun => (!state.is_terminal(), "execution already finished"),
            Self::ChangeStatus(_) | Self::Labels(_) => (state.is_terminal(), "execution is not terminated"),
            Self::Delete { even_open, .. } => {
                (*even_open || state.is_terminal(), "execution is not terminated")
            }
        };
        (!fits).then_some(why)
    }

    async fn run(&self, api: &Api, execution: &Execution) -> Answer<()> {
        let (executor, id) = (&api.executor, &execution.id);
        let outcome: Result<Execution, ActionError> = match self {
            Self::Kill => executor.kill(id, true).await,
            Self::Restart => executor.restart(id, None).await,
            Self::Replay { latest } => {
                let revision = if *latest {
                    let flow = api.flow(&execution.namespace, &execution.flow_id, None).await?;
                    Some(flow.revision)
                } else {
                    None
                };
                executor.replay(id, None, revision, None).await
            }
            Self::Pause => executor.pause(id).await,
            Self::Resume => executor.resume(id, segue_model::Map::new()).await,
            Self::Unqueue(state) => executor.unqueue(id, *state).await,
            Self::ForceRun => executor.force_run(id).await,
            Self::ChangeStatus(state) => executor.change_status(id, *state).await,
            Self::Labels(labels) => executor.set_labels(id, labels.clone()).await,
            Self::Delete { with, .. } => return remove(api, execution, *with).await.map(drop),
        };
        outcome.map(drop).map_err(ApiError::from)
    }
}

/// Applies the action to all executions with these ids, or to none.
async fn by_ids(api: &Api, ids: Vec<String>, action: &Action) -> Answer<Json<types::Count>> {
    let mut found = Vec::new();
    let mut invalids = Vec::new();
    for id in ids {
        match api.state().execution(&ExecutionId::from(id.as_str())).await? {
            None => invalids.push((id, "execution not found".to_owned())),
            Some(stored) => match action.refuses(stored.execution.state.current()) {
                Some(why) => invalids.push((id, why.to_owned())),
                None => found.push(stored.execution),
            },
        }
    }
    if !invalids.is_empty() {
        return Err(ApiError::bulk(action.name(), invalids));
    }
    all(api, found, action).await
}

/// Applies the action to all executions of a search that allow it.
async fn by_query(api: &Api, query: &Query, action: &Action) -> Answer<Json<types::Count>> {
    let fit: Vec<ExecutionState> =
        ExecutionState::ALL.into_iter().filter(|state| action.refuses(*state).is_none()).collect();
    let mut found = Selection::from_query(api, query).await?.only(&fit).scan(api).await?;
    found.retain(|execution| action.refuses(execution.state.current()).is_none());
    all(api, found, action).await
}

async fn all(api: &Api, executions: Vec<Execution>, action: &Action) -> Answer<Json<types::Count>> {
    let mut count = 0_u64;
    let mut refused = Vec::new();
    for execution in executions {
        match action.run(api, &execution).await {
            Ok(()) => count += 1,
            Err(error) => refused.push((execution.id.to_string(), error.message().to_owned())),
        }
    }
    // Finished actions are not undone. A repeated request with the rest gets the same answer for them.
    if count == 0 && !refused.is_empty() {
        return Err(ApiError::bulk(action.name(), refused));
    }
    Ok(Json(types::Count { count }))
}

/// Reads the parameters of an action from the query.
type Of = fn(&Query) -> Answer<Action>;

fn status(query: &Query, name: &str) -> Answer<ExecutionState> {
    state(query.required(name)?)
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let latest = [Param::new("latestRevision", Kind::Flag, "Uses the latest revision of the flow.")];
    let new_status = [Param::new("newStatus", super::ONE_STATE, "The new state.").required()];
    let state =
        [Param::new("state", super::ONE_STATE, "`RUNNING`, or the state in which the execution ends.")];
    let new_state =
        [Param::new("newState", super::ONE_STATE, "`RUNNING`, or the state in which the execution ends.")];
    let open =
        [Param::new("includeNonTerminated", Kind::Flag, "Also deletes executions that have not ended.")];
    let mut all = vec![
        ids(Verb::Delete, "/executions/kill/by-ids", "killByIds", |_| Ok(Action::Kill), &[]),
        search(Verb::Delete, "/executions/kill/by-query", "killByQuery", |_| Ok(Action::Kill), &[]),
        ids(Verb::Post, "/executions/restart/by-ids", "restartByIds", |_| Ok(Action::Restart), &[]),
        search(Verb::Post, "/executions/restart/by-query", "restartByQuery", |_| Ok(Action::Restart), &[]),
        ids(Verb::Post, "/executions/replay/by-ids", "replayByIds", replay, &latest),
        search(Verb::Post, "/executions/replay/by-query", "replayByQuery", replay, &latest),
        ids(Verb::Post, "/executions/pause/by-ids", "pauseByIds", |_| Ok(Action::Pause), &[]),
        search(Verb::Post, "/executions/pause/by-query", "pauseByQuery", |_| Ok(Action::Pause), &[]),
        ids(Verb::Post, "/executions/resume/by-ids", "resumeByIds", |_| Ok(Action::Resume), &[]),
        search(Verb::Post, "/executions/resume/by-query", "resumeByQuery", |_| Ok(Action::Resume), &[]),
        ids(Verb::Post, "/executions/unqueue/by-ids", "unqueueByIds", unqueue, &state),
        search(Verb::Post, "/executions/unqueue/by-query", "unqueueByQuery", unqueue_found, &new_state),
        ids(Verb::Post, "/executions/force-run/by-ids", "forceRunByIds", |_| Ok(Action::ForceRun), &[]),
        search(
            Verb::Post,
            "/executions/force-run/by-query",
            "forceRunByQuery",
            |_| Ok(Action::ForceRun),
            &[],
        ),
        ids(Verb::Post, "/executions/change-status/by-ids", "changeStatusByIds", change, &new_status),
        search(Verb::Post, "/executions/change-status/by-query", "changeStatusByQuery", change, &new_status),
        ids(Verb::Delete, "/executions/by-ids", "deleteByIds", removal, &open).takes(&PARTS),
        search(Verb::Delete, "/executions/by-query", "deleteByQuery", removal, &open).takes(&PARTS),
    ];
    all.push(
        post("/executions/labels/by-ids", labels_by_ids)
            .is("labelsByIds", "Adds labels to executions that have ended.")
            .body(json::<types::LabelsByIds>()),
    );
    all.push(
        post("/executions/labels/by-query", labels_by_query)
            .is("labelsByQuery", "Adds labels to executions that have ended.")
            .takes(&SEARCH)
            .filters(FIELDS)
            .body(json::<Vec<types::Label>>()),
    );
    all
}

/// The method of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Post,
    Delete,
}

fn ids(verb: Verb, path: &'static str, id: &'static str, of: Of, params: &[Param]) -> Endpoint {
    let handler = move |State(api): State<Api>, query: Query, JsonBody(ids): JsonBody<Vec<String>>| async move {
        let action = of(&query)?;
        by_ids(&api, ids, &action).await
    };
    let endpoint = if verb == Verb::Post { post(path, handler) } else { delete(path, handler) };
    endpoint
        .is(id, "Applies the action to all of these executions. If one does not allow the action, none is changed.")
        .takes(params)
        .body(json::<Vec<String>>())
}

fn search(verb: Verb, path: &'static str, id: &'static str, of: Of, params: &[Param]) -> Endpoint {
    let handler = move |State(api): State<Api>, query: Query| async move {
        let action = of(&query)?;
        by_query(&api, &query, &action).await
    };
    let endpoint = if verb == Verb::Post { post(path, handler) } else { delete(path, handler) };
    endpoint
        .is(id, "Applies the action to all executions of a search that allow the action.")
        .takes(params)
        .takes(&SEARCH)
        .filters(FIELDS)
}

fn replay(query: &Query) -> Answer<Action> {
    Ok(Action::Replay { latest: query.flag("latestRevision", false)? })
}

fn unqueue(query: &Query) -> Answer<Action> {
    Ok(Action::Unqueue(query.state("state")?.unwrap_or(ExecutionState::Running)))
}

/// In a search, `state` selects executions.
fn unqueue_found(query: &Query) -> Answer<Action> {
    Ok(Action::Unqueue(query.state("newState")?.unwrap_or(ExecutionState::Running)))
}

fn change(query: &Query) -> Answer<Action> {
    Ok(Action::ChangeStatus(status(query, "newStatus")?))
}

fn removal(query: &Query) -> Answer<Action> {
    Ok(Action::Delete {
        with: With::from_query(query)?,
        even_open: query.flag("includeNonTerminated", false)?,
    })
}

async fn labels_by_ids(
    State(api): State<Api>,
    JsonBody(types::LabelsByIds { executions_id, execution_labels }): JsonBody<types::LabelsByIds>,
) -> Answer<Json<types::Count>> {
    by_ids(&api, executions_id, &Action::Labels(execution_labels)).await
}

async fn labels_by_query(
    State(api): State<Api>,
    query: Query,
    JsonBody(labels): JsonBody<Vec<Label>>,
) -> Answer<Json<types::Count>> {
    by_query(&api, &query, &Action::Labels(labels)).await
}
