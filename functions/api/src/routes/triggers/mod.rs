//! Triggers with their states, and Kestra's way to start and stop a backfill on one (docs/kestra.md 6.5). Backfills
//! as records of their own are in `backfills`.

mod change;
mod update;

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, delete, get, json, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries;
use crate::request::Query;
use axum::Json;
use axum::extract::{Path, State};
use change::Change;
use segue_api_types as types;
use segue_model::trigger_state::TriggerKey;

const SEARCH: [Param; 4] = [
    Param::new("q", Kind::Text, "A part of the flow's name, or of the trigger's."),
    Param::new("namespace", Kind::Text, "This namespace and those below it."),
    Param::new("flowId", Kind::Text, "This flow."),
    Param::new("triggerId", Kind::Text, "The trigger of this id."),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let key = "/triggers/{namespace}/{flowId}/{triggerId}";
    let mut all = vec![
        get("/triggers/search", search)
            .is("searchTriggers", "Triggers with their states.")
            .takes(&PAGE)
            .takes(&SEARCH),
        get("/triggers/{namespace}/{flowId}", of_flow)
            .is("triggers", "The states of a flow's triggers.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "A part of the trigger's id.")]),
        put("/triggers", update::update)
            .is("updateTrigger", "Switches a trigger on or off, or starts a backfill on it.")
            .body(json::<types::TriggerUpdate>())
            .refuses(&[404, 409]),
        post("/triggers/{namespace}/{flowId}/{triggerId}/unlock", update::unlock)
            .is("unlockTrigger", "Frees it from the execution that holds it.")
            .refuses(&[404, 409]),
        post("/triggers/{namespace}/{flowId}/{triggerId}/restart", update::restart)
            .is("restartTrigger", "Frees it from the execution that holds it, if one does.")
            .refuses(&[404, 409]),
        delete(key, update::remove)
            .is("deleteTrigger", "Removes the state of a trigger that its flow no longer has.")
            .answers_code(204)
            .refuses(&[404, 409]),
        post("/triggers/set-disabled/by-triggers", update::set_disabled)
            .is("setDisabledByTriggers", "Switches triggers on or off.")
            .body(json::<types::SetDisabled>()),
        post("/triggers/set-disabled/by-query", update::set_disabled_by_query)
            .is("setDisabledByQuery", "Switches triggers on or off.")
            .takes(&[Param::new("disabled", Kind::Flag, "Whether they are switched off.").required()])
            .takes(&SEARCH),
    ];
    for change in [Change::Unlock, Change::Pause, Change::Unpause, Change::Delete] {
        all.extend(change.endpoints());
    }
    all
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::TriggerHit>>> {
    queries::triggers::search(&api, &query).await.map(Json)
}

async fn of_flow(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::Page<types::Trigger>>> {
    queries::triggers::of_flow(&api, namespace, flow_id, &query).await.map(Json)
}

/// The keys of triggers that are all there.
async fn known(api: &Api, action: &str, triggers: Vec<types::TriggerKey>) -> Answer<Vec<TriggerKey>> {
    let mut invalids = Vec::new();
    let keys: Vec<TriggerKey> = triggers.iter().map(TriggerKey::from).collect();
    for key in &keys {
        if api.state().trigger(key).await?.is_none() {
            invalids.push((key.to_string(), "trigger not found".to_owned()));
        }
    }
    if invalids.is_empty() { Ok(keys) } else { Err(ApiError::bulk(action, invalids)) }
}
