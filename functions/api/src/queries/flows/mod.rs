//! Stored flows.

pub(crate) mod dependencies;
pub(crate) mod deprecated;
pub(crate) mod expressions;
pub(crate) mod graph;
pub(crate) mod listed;
pub(crate) mod replace;
pub(crate) mod search;
pub(crate) mod source_search;
pub(crate) mod validate;

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use crate::view::csv;
use crate::view::flow::{flow, flow_with_source};
use segue_api_types as types;
use segue_model::Json as Value;
use segue_model::parse::flow_document;
use segue_model::state::State;
use segue_ports::state::{ExecutionFilter, StoredFlow};

/// A flow, with its source if it is wanted. A deleted flow is found only if `even_deleted` is set.
pub(crate) async fn one(
    api: &Api,
    (namespace, id): (&str, &str),
    revision: Option<u32>,
    with_source: bool,
    even_deleted: bool,
) -> Answer<types::Flow> {
    let stored = if even_deleted {
        let revisions = api.state().flow_revisions(namespace, id).await?;
        let wanted = |flow: &StoredFlow| revision.is_none_or(|revision| flow.revision == revision);
        revisions.into_iter().rev().find(wanted)
    } else {
        api.state().flow(namespace, id, revision).await?
    };
    let Some(stored) = stored else {
        let is_known = api.state().flow(namespace, id, None).await?.is_some();
        return Err(ApiError::not_found(match revision.filter(|_| is_known) {
            Some(revision) => format!("Revision {revision} of flow '{namespace}.{id}'"),
            None => format!("Flow '{namespace}.{id}'"),
        }));
    };
    Ok(if with_source { flow_with_source(&stored) } else { flow(&stored) })
}

/// The flows of exactly this namespace.
pub(crate) async fn of_namespace(api: &Api, namespace: &str) -> Answer<Vec<types::Flow>> {
    Ok(api.state().flows(Some(namespace)).await?.iter().map(flow).collect())
}

/// The revisions of a flow, oldest first, with their sources if they are wanted. The revisions that only record a
/// deletion are among them if `even_deleted` is set.
pub(crate) async fn revisions(
    api: &Api,
    namespace: &str,
    id: &str,
    with_source: bool,
    even_deleted: bool,
) -> Answer<Vec<types::Flow>> {
    let mut revisions = api.state().flow_revisions(namespace, id).await?;
    if revisions.is_empty() {
        return Err(ApiError::not_found(format!("Flow '{namespace}.{id}'")));
    }
    revisions.retain(|flow| even_deleted || !flow.deleted);
    Ok(revisions.iter().map(if with_source { flow_with_source } else { flow }).collect())
}

/// The columns of a table of flows.
pub(crate) const COLUMNS: [&str; 7] =
    ["id", "namespace", "revision", "disabled", "updated", "labels", "description"];

/// The flows of a search as the rows of a table.
pub(crate) async fn rows(api: &Api, query: &Query) -> Answer<Vec<Vec<String>>> {
    let row = |stored: &StoredFlow| {
        let shown = flow(stored);
        let description = shown.document.get("description").and_then(Value::as_str).unwrap_or_default();
        vec![
            stored.id.clone(),
            stored.namespace.clone(),
            stored.revision.to_string(),
            shown.disabled.unwrap_or_default().to_string(),
            stored.updated.to_string(),
            csv::labels(shown.labels.as_deref().unwrap_or_default()),
            description.to_owned(),
        ]
    };
    Ok(search::select(api, query).await?.iter().map(row).collect())
}

/// A task or trigger in the source of a flow.
pub(crate) async fn task(
    api: &Api,
    (namespace, id): (&str, &str),
    task: &str,
    revision: Option<u32>,
) -> Answer<Value> {
    let stored = api.flow(namespace, id, revision).await?;
    let document = flow_document(&stored.source).unwrap_or_default();
    ["tasks", "errors", "finally", "afterExecution", "triggers"]
        .into_iter()
        .find_map(|part| find(document.get(part)?, task))
        .cloned()
        .ok_or_else(|| ApiError::not_found(format!("Task '{task}' of flow '{namespace}.{id}'")))
}

/// Finds a map with this `id` and a `type`, at any depth of the value.
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

/// The namespaces that have flows and contain a text in their names.
pub(crate) async fn namespaces(api: &Api, part: &str) -> Answer<Vec<String>> {
    let part = part.to_lowercase();
    let mut namespaces: Vec<String> =
        api.state().flows(None).await?.into_iter().map(|flow| flow.namespace).collect();
    namespaces.dedup();
    namespaces.retain(|namespace| namespace.to_lowercase().contains(&part));
    Ok(namespaces)
}

/// Removes old revisions. Refuses everything if one of the revisions is unknown, is the latest one, or is the revision of
/// an execution that has not ended.
pub(crate) async fn remove_revisions(api: &Api, namespace: &str, id: &str, wanted: &[u32]) -> Answer<()> {
    let known = api.state().flow_revisions(namespace, id).await?;
    let Some(latest) = known.last() else {
        return Err(ApiError::not_found(format!("Flow '{namespace}.{id}'")));
    };
    if let Some(one) = wanted.iter().find(|one| !known.iter().any(|flow| flow.revision == **one)) {
        return Err(ApiError::not_found(format!("Revision {one} of flow '{namespace}.{id}'")));
    }
    if wanted.contains(&latest.revision) {
        return Err(ApiError::illegal_state(format!(
            "revision {} is the latest revision of flow '{namespace}.{id}': delete the flow, or save another revision",
            latest.revision
        )));
    }
    let open = ExecutionFilter {
        namespace: Some(namespace.to_owned()),
        exact_namespace: true,
        flow_id: Some(id.to_owned()),
        states: State::open().collect(),
        ..ExecutionFilter::default()
    };
    let open = api.state().executions(&open).await?;
    if let Some(execution) = open.iter().find(|execution| wanted.contains(&execution.flow_revision)) {
        return Err(ApiError::illegal_state(format!(
            "execution '{}' runs with revision {} and has not ended: kill the execution, or wait for its end",
            execution.id, execution.flow_revision
        )));
    }
    api.state().delete_flow_revisions(namespace, id, wanted).await?;
    Ok(())
}
