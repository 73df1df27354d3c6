//! Actions on one trigger, and enabling or disabling several.

use super::known;
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::triggers::{select, stored, view};
use crate::request::{JsonBody, Query};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_api_types as types;
use segue_model::backfill::{BackfillMode, BackfillRequest};
use segue_model::trigger_state::TriggerKey;
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
        let start = backfill.start.ok_or_else(|| {
            ApiError::bad_request("the backfill has no start: add 'start' with the first date")
        })?;
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
            Ok(_) => {}
            // Clients of this endpoint know only one code for every problem of a backfill.
            Err(SchedulerError::Invalid(why) | SchedulerError::IllegalState(why)) => {
                return Err(ApiError::bad_request(why));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(view(&api, &state).await?))
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
    let plan = api.executor.plan(&key.namespace, &key.flow_id, None).await;
    if plan.is_ok_and(|plan| plan.flow.trigger(&key.trigger_id).is_some()) {
        return Err(ApiError::illegal_state(format!(
            "the flow still declares the trigger '{key}': take it out of the flow, or disable it"
        )));
    }
    api.state().delete_trigger(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_disabled(
    State(api): State<Api>,
    JsonBody(types::SetDisabled { triggers, disabled }): JsonBody<types::SetDisabled>,
) -> Answer<Json<types::Count>> {
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
