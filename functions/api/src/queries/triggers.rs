//! Triggers with their states.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Op, Page, Query, paged};
use segue_api_types as types;
use segue_model::backfill::{Backfill, BackfillState};
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::schedule::{BackfillFilter, TriggerFilter};

/// The triggers of a search, with their states.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::TriggerHit>> {
    let page = Page::from_query(query)?;
    let order = page.order(&["namespace", "flowId", "triggerId", "nextExecutionDate"])?;
    let mut found = select(api, query).await?;
    if let Some((field, is_ascending)) = order {
        found.sort_by(|left, right| match field {
            "flowId" => left.key.flow_id.cmp(&right.key.flow_id),
            "triggerId" => left.key.trigger_id.cmp(&right.key.trigger_id),
            "nextExecutionDate" => left.next_execution_date.cmp(&right.next_execution_date),
            _ => left.key.cmp(&right.key),
        });
        if !is_ascending {
            found.reverse();
        }
    }
    let total = found.len() as u64;
    let backfills = under_way(api, None).await?;
    let mut hits = Vec::new();
    for state in page.cut(found) {
        let backfill = backfills.iter().rev().find(|backfill| backfill.trigger == state.key);
        let plan = api.executor.plan(&state.key.namespace, &state.key.flow_id, None).await;
        let declared = plan
            .ok()
            .and_then(|plan| plan.flow.trigger(&state.key.trigger_id).map(types::TriggerDeclaration::from));
        let trigger_context = types::Trigger::new(&state, backfill);
        hits.push(types::TriggerHit { abstract_trigger: declared, trigger_context });
    }
    Ok(paged(hits, total))
}

/// The states of the triggers of a flow.
pub(crate) async fn of_flow(
    api: &Api,
    namespace: String,
    flow_id: String,
    query: &Query,
) -> Answer<types::Page<types::Trigger>> {
    let page = Page::from_query(query)?;
    page.order(&["triggerId"])?;
    let filter = TriggerFilter { namespace: Some(namespace.clone()), flow_id: Some(flow_id) };
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let mut found = api.state().triggers(&filter).await?;
    found.retain(|state| {
        state.key.namespace == namespace && state.key.trigger_id.to_lowercase().contains(&part)
    });
    let total = found.len() as u64;
    let mut views = Vec::new();
    for state in page.cut(found) {
        views.push(view(api, &state).await?);
    }
    Ok(paged(views, total))
}

/// The unfinished backfills, of all triggers or of one.
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

/// The state of a trigger in the shape of the API, with its oldest unfinished backfill.
pub(crate) async fn view(api: &Api, state: &TriggerState) -> Answer<types::Trigger> {
    let backfills = under_way(api, Some(&state.key)).await?;
    Ok(types::Trigger::new(state, backfills.last()))
}

pub(crate) async fn stored(api: &Api, key: &TriggerKey) -> Answer<TriggerState> {
    let found = api.state().trigger(key).await?;
    Ok(found.ok_or_else(|| ApiError::not_found(format!("Trigger '{key}'")))?.value)
}

/// The triggers of a query.
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
