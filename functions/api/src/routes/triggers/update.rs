//! Actions on one trigger, and enabling or disabling several.

use super::known;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::triggers::{FIELDS, select, selected, stored, view};
use crate::request::{Filter, JsonBody, Query, Raw};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_api_types as types;
use segue_model::backfill::{BackfillMode, BackfillRequest};
use segue_model::trigger_state::TriggerKey;
use segue_ports::schedule::TriggerFilter;
use segue_scheduler::SchedulerError;

pub(super) async fn update(
    State(api): State<Api>,
    JsonBody(update): JsonBody<types::TriggerUpdate>,
) -> Answer<Json<types::Trigger>> {
    let key = TriggerKey::from(&update.key);
    let mut state = stored(&api, &key).await?;
    if let Some(disabled) = update.disabled.filter(|disabled| *disabled != state.disabled) {
        state = api.scheduler.set_disabled(&key, disabled).await?;
    }
    if let Some(backfill) = update.backfill {
        start(&api, &key, backfill).await?;
    }
    Ok(Json(view(&api, &state).await?))
}

/// Starts a backfill of a trigger.
pub(super) async fn create_backfill(
    State(api): State<Api>,
    JsonBody(types::TriggerBackfillRequest { key, backfill }): JsonBody<types::TriggerBackfillRequest>,
) -> Answer<Json<types::Trigger>> {
    let key = TriggerKey::from(&key);
    stored(&api, &key).await?;
    start(&api, &key, backfill).await?;
    Ok(Json(view(&api, &stored(&api, &key).await?).await?))
}

/// Enables or disables one trigger.
pub(super) async fn switch_one(
    State(api): State<Api>,
    JsonBody(request): JsonBody<types::TriggerSwitch>,
) -> Answer<Json<types::Trigger>> {
    refuse_recovery(request.recover_missed_schedules)?;
    let key = TriggerKey::from(&request.key);
    let mut state = stored(&api, &key).await?;
    if state.disabled != request.disabled {
        state = api.scheduler.set_disabled(&key, request.disabled).await?;
    }
    Ok(Json(view(&api, &state).await?))
}

/// Refuses an option that Segue does not have. Missed fire times are run by a backfill.
fn refuse_recovery(recover: Option<bool>) -> Answer<()> {
    if recover == Some(true) {
        return Err(ApiError::argument(
            "recoverMissedSchedules: enabling a trigger runs no missed fire times; start a backfill for them",
        ));
    }
    Ok(())
}

async fn start(api: &Api, key: &TriggerKey, backfill: types::NewTriggerBackfill) -> Answer<()> {
    let start = backfill
        .start
        .ok_or_else(|| ApiError::bad_request("the backfill has no start: add 'start' with the first date"))?;
    let request = BackfillRequest {
        id: None,
        namespace: key.namespace.clone(),
        flow_id: key.flow_id.clone(),
        trigger_id: Some(key.trigger_id.clone()),
        start,
        end: backfill.end,
        inputs: backfill.inputs.unwrap_or_default(),
        labels: backfill.labels,
        mode: BackfillMode::All,
        max_active: 1,
    };
    match api.scheduler.start_backfill(request).await {
        Ok(_) => Ok(()),
        // Clients of this endpoint know only one code for every problem of a backfill.
        Err(SchedulerError::Invalid(why) | SchedulerError::IllegalState(why)) => {
            Err(ApiError::bad_request(why))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn unlock(
    State(api): State<Api>,
    Path((namespace, flow_id, trigger_id)): Path<(String, String, String)>,
) -> Answer<Json<types::Trigger>> {
    let state = api.scheduler.unlock(&TriggerKey::new(namespace, flow_id, trigger_id)).await?;
    Ok(Json(view(&api, &state).await?))
}

pub(super) async fn restart(
    State(api): State<Api>,
    Path((namespace, flow_id, trigger_id)): Path<(String, String, String)>,
) -> Answer<Json<types::Trigger>> {
    let key = TriggerKey::new(namespace, flow_id, trigger_id);
    let mut state = stored(&api, &key).await?;
    if state.execution_id.is_some() {
        state = api.scheduler.unlock(&key).await?;
    }
    Ok(Json(view(&api, &state).await?))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Path((namespace, flow_id, trigger_id)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let key = TriggerKey::new(namespace, flow_id, trigger_id);
    stored(&api, &key).await?;
    if is_declared(&api, &key).await {
        return Err(ApiError::illegal_state(format!(
            "the flow still declares the trigger '{key}': take it out of the flow, or disable it"
        )));
    }
    api.state().delete_trigger(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn is_declared(api: &Api, key: &TriggerKey) -> bool {
    let plan = api.executor.plan(&key.namespace, &key.flow_id, None).await;
    plan.is_ok_and(|plan| plan.flow.trigger(&key.trigger_id).is_some())
}

pub(super) async fn remove_all(
    State(api): State<Api>,
    JsonBody(triggers): JsonBody<Vec<types::TriggerKey>>,
) -> Answer<Json<types::Deleted>> {
    let keys = known(&api, "delete", triggers).await?;
    delete(&api, keys).await
}

pub(super) async fn remove_found(
    State(api): State<Api>,
    query: Query,
    raw: Raw,
) -> Answer<Json<types::Deleted>> {
    let mut keys: Vec<TriggerKey> = select(&api, &query).await?.into_iter().map(|state| state.key).collect();
    // Kestra 2 sends the filters as JSON.
    if !raw.bytes.is_empty() {
        let types::Filters { filters } = serde_json::from_slice(&raw.bytes)
            .map_err(|error| ApiError::argument(format!("the JSON of the body has a wrong form: {error}")))?;
        let filters = Filter::from_body(&filters.unwrap_or_default(), FIELDS)?;
        let found = selected(&api, &TriggerFilter::default(), &filters, false).await?;
        keys.retain(|key| found.iter().any(|state| state.key == *key));
    }
    delete(&api, keys).await
}

/// Deletes the states of the triggers that their flows no longer have, and passes over the others.
async fn delete(api: &Api, keys: Vec<TriggerKey>) -> Answer<Json<types::Deleted>> {
    let mut count = 0_u64;
    for key in keys {
        if !is_declared(api, &key).await {
            count += u64::from(api.state().delete_trigger(&key).await?);
        }
    }
    Ok(Json(types::Deleted { count, total_items: count }))
}

pub(super) async fn set_disabled(
    State(api): State<Api>,
    JsonBody(types::SetDisabled { triggers, disabled, recover_missed_schedules }): JsonBody<
        types::SetDisabled,
    >,
) -> Answer<Json<types::Count>> {
    refuse_recovery(recover_missed_schedules)?;
    let keys = known(&api, "set disabled", triggers).await?;
    switch(&api, keys, disabled).await
}

pub(super) async fn set_disabled_by_query(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<types::Count>> {
    query.required("disabled")?;
    let disabled = query.flag("disabled", false)?;
    let keys = select(&api, &query).await?.into_iter().map(|state| state.key).collect();
    switch(&api, keys, disabled).await
}

async fn switch(api: &Api, keys: Vec<TriggerKey>, disabled: bool) -> Answer<Json<types::Count>> {
    let mut count = 0_u64;
    for key in keys {
        api.scheduler.set_disabled(&key, disabled).await?;
        count += 1;
    }
    Ok(Json(types::Count { count }))
}
