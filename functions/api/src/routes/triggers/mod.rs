//! Triggers with their states, and Kestra's way to start and stop a backfill on one (docs/kestra.md 6.5). Backfills
//! as records of their own are in `backfills`.

mod change;
mod update;

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, delete, get, json, post, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::triggers as read;
use crate::request::{Op, Query};
use change::Change;
use segue_api_types as types;
use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::schedule::{BackfillFilter, TriggerFilter};

const SEARCH: [Param; 4] = [
    Param::new("q", Kind::Text, "A part of the flow's name, or of the trigger's."),
    Param::new("namespace", Kind::Text, "This namespace and those below it."),
    Param::new("flowId", Kind::Text, "This flow."),
    Param::new("triggerId", Kind::Text, "The trigger of this id."),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let key = "/triggers/{namespace}/{flowId}/{triggerId}";
    let mut all = vec![
        get("/triggers/search", read::search)
            .is("searchTriggers", "Triggers with their states.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .answers(json::<types::Page<types::TriggerHit>>()),
        get("/triggers/{namespace}/{flowId}", read::of_flow)
            .is("triggers", "The states of a flow's triggers.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "A part of the trigger's id.")])
            .answers(json::<types::Page<types::Trigger>>()),
        put("/triggers", update::update)
            .is("updateTrigger", "Switches a trigger on or off, or starts a backfill on it.")
            .body(json::<types::TriggerUpdate>())
            .answers(json::<types::Trigger>())
            .refuses(&[404, 409]),
        post("/triggers/{namespace}/{flowId}/{triggerId}/unlock", update::unlock)
            .is("unlockTrigger", "Frees it from the execution that holds it.")
            .answers(json::<types::Trigger>())
            .refuses(&[404, 409]),
        post("/triggers/{namespace}/{flowId}/{triggerId}/restart", update::restart)
            .is("restartTrigger", "Frees it from the execution that holds it, if one does.")
            .answers(json::<types::Trigger>())
            .refuses(&[404, 409]),
        delete(key, update::remove)
            .is("deleteTrigger", "Removes the state of a trigger that its flow no longer has.")
            .answers_code(204)
            .refuses(&[404, 409]),
        post("/triggers/set-disabled/by-triggers", update::set_disabled)
            .is("setDisabledByTriggers", "Switches triggers on or off.")
            .body(json::<types::SetDisabled>())
            .answers(json::<types::Count>()),
        post("/triggers/set-disabled/by-query", update::set_disabled_by_query)
            .is("setDisabledByQuery", "Switches triggers on or off.")
            .takes(&[Param::new("disabled", Kind::Flag, "Whether they are switched off.").required()])
            .takes(&SEARCH)
            .answers(json::<types::Count>()),
    ];
    for change in [Change::Unlock, Change::Pause, Change::Unpause, Change::Delete] {
        all.extend(change.endpoints());
    }
    all
}

/// The backfills that are under way, of all triggers or of one.
pub(crate) async fn under_way(api: &Api, key: Option<&TriggerKey>) -> Answer<Vec<Backfill>> {
    let filter = BackfillFilter {
        namespace: key.map(|key| key.namespace.clone()),
        flow_id: key.map(|key| key.flow_id.clone()),
        trigger_id: key.map(|key| key.trigger_id.clone()),
        states: vec![BackfillState::Running, BackfillState::Paused],
        ..BackfillFilter::default()
    };
    let mut found = api.state().backfills(&filter).await?;
    found.retain(|backfill| key.is_none_or(|key| backfill.trigger == *key));
    Ok(found)
}

/// The state of a trigger as it is answered: with the oldest backfill under way on it.
pub(crate) async fn view(api: &Api, state: &TriggerState) -> Answer<types::Trigger> {
    let backfills = under_way(api, Some(&state.key)).await?;
    Ok(types::Trigger::new(state, backfills.last()))
}

async fn stored(api: &Api, key: &TriggerKey) -> Answer<TriggerState> {
    let found = api.state().trigger(key).await?;
    Ok(found.ok_or_else(|| ApiError::not_found(format!("Trigger '{key}'")))?.value)
}

/// The states a query means.
pub(crate) async fn select(api: &Api, query: &Query) -> Answer<Vec<TriggerState>> {
    let text = |name: &str| query.text(name).map(str::to_owned);
    let filter = TriggerFilter { namespace: text("namespace"), flow_id: text("flowId") };
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let conditions = query.conditions()?;
    let mut found = Vec::new();
    for state in api.state().triggers(&filter).await? {
        let mut holds = state.key.to_string().to_lowercase().contains(&part)
            && query.text("triggerId").is_none_or(|id| state.key.trigger_id == id);
        for condition in &conditions {
            let fits = match (condition.field.as_str(), condition.op) {
                ("namespace", _) => condition.holds_for(&state.key.namespace)?,
                ("flowId", _) => condition.holds_for(&state.key.flow_id)?,
                ("triggerId", _) => condition.holds_for(&state.key.trigger_id)?,
                ("q", Op::Equals | Op::Contains) => {
                    state.key.to_string().to_lowercase().contains(&condition.value.to_lowercase())
                }
                _ => return Err(condition.unusable()),
            };
            holds = holds && fits;
        }
        if holds {
            found.push(state);
        }
    }
    Ok(found)
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
