//! Flows that are there.

pub(crate) mod dependencies;
pub(crate) mod graph;
pub(crate) mod search;
pub(crate) mod source_search;
pub(crate) mod validate;

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use crate::view::flow::{flow, flow_with_source};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use segue_model::Json as Value;
use segue_model::parse::flow_document;
use segue_ports::state::StoredFlow;

pub(crate) async fn one(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
) -> Answer<Json<types::Flow>> {
    let revision = query.number("revision")?;
    let stored = if query.flag("allowDeleted", false)? {
        let revisions = api.state().flow_revisions(&namespace, &id).await?;
        let wanted = |flow: &StoredFlow| revision.is_none_or(|revision| flow.revision == revision);
        revisions.into_iter().rev().find(wanted)
    } else {
        api.state().flow(&namespace, &id, revision).await?
    };
    let stored = stored.ok_or_else(|| ApiError::not_found(format!("Flow '{namespace}.{id}'")))?;
    Ok(Json(if query.flag("source", false)? { flow_with_source(&stored) } else { flow(&stored) }))
}

pub(crate) async fn of_namespace(
    State(api): State<Api>,
    Path(namespace): Path<String>,
) -> Answer<Json<Vec<types::Flow>>> {
    Ok(Json(api.state().flows(Some(&namespace)).await?.iter().map(flow).collect()))
}

pub(crate) async fn revisions(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
) -> Answer<Json<Vec<types::Flow>>> {
    let revisions = api.state().flow_revisions(&namespace, &id).await?;
    if revisions.is_empty() {
        return Err(ApiError::not_found(format!("Flow '{namespace}.{id}'")));
    }
    Ok(Json(revisions.iter().map(flow_with_source).collect()))
}

pub(crate) async fn task(
    State(api): State<Api>,
    Path((namespace, id, task)): Path<(String, String, String)>,
    query: Query,
) -> Answer<Json<Value>> {
    let stored = api.flow(&namespace, &id, query.number("revision")?).await?;
    let document = flow_document(&stored.source).unwrap_or_default();
    ["tasks", "errors", "finally", "afterExecution", "triggers"]
        .into_iter()
        .find_map(|part| find(document.get(part)?, &task))
        .map(|found| Json(found.clone()))
        .ok_or_else(|| ApiError::not_found(format!("Task '{task}' of flow '{namespace}.{id}'")))
}

/// A map with that `id` and a `type`, wherever in the value it stands.
fn find<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| find(item, id)),
        Value::Object(map) => {
            if map.get("id").and_then(Value::as_str) == Some(id) && map.contains_key("type") {
                return Some(value);
            }
            map.values().find_map(|item| find(item, id))
        }
        _ => None,
    }
}

pub(crate) async fn namespaces(State(api): State<Api>, query: Query) -> Answer<Json<Vec<String>>> {
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let mut namespaces: Vec<String> =
        api.state().flows(None).await?.into_iter().map(|flow| flow.namespace).collect();
    namespaces.dedup();
    namespaces.retain(|namespace| namespace.to_lowercase().contains(&part));
    Ok(Json(namespaces))
}
