//! Triggers with their states, found and listed.

use super::{select, under_way, view};
use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use crate::view::trigger::{declared, state as state_view};
use axum::Json;
use axum::extract::{Path, State};
use segue_model::Json as Value;
use segue_ports::schedule::TriggerFilter;
use serde_json::json;

pub(super) async fn search(State(api): State<Api>, query: Query) -> Answer<Json<Value>> {
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
        let mut hit = json!({"triggerContext": state_view(&state, backfill)});
        let plan = api.executor.plan(&state.key.namespace, &state.key.flow_id, None).await;
        let definition = plan.ok().and_then(|plan| plan.flow.trigger(&state.key.trigger_id).map(declared));
        if let (Some(definition), Value::Object(map)) = (definition, &mut hit) {
            map.insert("abstractTrigger".into(), definition);
        }
        hits.push(hit);
    }
    Ok(paged(hits, total))
}

pub(super) async fn of_flow(
    State(api): State<Api>,
    Path((namespace, flow_id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<Value>> {
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
