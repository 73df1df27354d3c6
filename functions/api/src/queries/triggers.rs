//! Triggers with their states, found and listed.

use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use crate::routes::triggers::{select, under_way, view};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_ports::schedule::TriggerFilter;

pub(crate) async fn search(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<types::Page<types::TriggerHit>>> {
    let page = Page::from_query(&query)?;
    let order = page.order(&["namespace", "flowId", "triggerId", "nextExecutionDate"])?;
    let mut found = select(&api, &query).await?;
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
    let backfills = under_way(&api, None).await?;
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

pub(crate) async fn of_flow(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::Page<types::Trigger>>> {
    let page = Page::from_query(&query)?;
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
        views.push(view(&api, &state).await?);
    }
    Ok(paged(views, total))
}
