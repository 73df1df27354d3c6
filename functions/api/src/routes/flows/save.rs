//! Saves and deletes flows.

use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use crate::queries::flows as queries;
use crate::request::{Query, YamlBody};
use crate::source::{accepted, read};
use crate::view::flow::flow_with_source;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use segue_api_types as types;
use segue_model::flow::Flow;
use segue_ports::PortError;
use segue_ports::state::StoredFlow;

/// Saves an accepted source, and updates the states of its triggers.
pub(crate) async fn save(api: &Api, flow: &Flow, source: &str) -> Answer<StoredFlow> {
    let stored = api.state().put_flow(&flow.namespace, &flow.id, source, api.now()).await?;
    sync(api, flow, stored.revision).await?;
    Ok(stored)
}

/// Saves an accepted source in place of the expected revision.
async fn replace(api: &Api, flow: &Flow, source: &str, expected: u32) -> Answer<StoredFlow> {
    let (namespace, id) = (&flow.namespace, &flow.id);
    let answer = api.state().replace_flow(namespace, id, source, expected, api.now()).await;
    if let Err(PortError::Conflict { .. }) = answer {
        let latest = api.flow(namespace, id, None).await?.revision;
        return Err(ApiError::illegal_state(format!(
            "flow '{namespace}.{id}' has revision {latest}, and this change was made in revision {expected}: compare \
             with revision {latest}, and save again"
        )));
    }
    let stored = answer?;
    sync(api, flow, stored.revision).await?;
    Ok(stored)
}

/// Updates the states of the triggers of a saved flow.
async fn sync(api: &Api, flow: &Flow, revision: u32) -> Answer<()> {
    let mut flow = flow.clone();
    flow.revision = revision;
    Ok(api.scheduler.sync_flow(&flow).await?)
}

/// The revision that `If-Match` names, with or without quotes. None if the request has no such header, or `*`.
fn expected(headers: &HeaderMap) -> Answer<Option<u32>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if text == "*" {
        return Ok(None);
    }
    let refusal = || ApiError::argument("If-Match is not the number of a revision, such as \"3\"");
    text.parse().map(Some).map_err(|_| refusal())
}

/// Deletes a flow with the states of its triggers. Returns false if the flow did not exist.
pub(crate) async fn forget(api: &Api, namespace: &str, id: &str) -> Answer<bool> {
    let is_gone = api.state().delete_flow(namespace, id, api.now()).await?;
    if is_gone {
        api.scheduler.forget_flow(namespace, id).await?;
    }
    Ok(is_gone)
}

/// Refuses `draft=true`. A draft that is saved as a flow would run.
fn refuse_draft(query: &Query) -> Answer<()> {
    if query.flag("draft", false)? {
        return Err(ApiError::argument("draft: Segue has no drafts; save the flow when it is ready"));
    }
    Ok(())
}

pub(super) async fn create(
    State(api): State<Api>,
    query: Query,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Flow>> {
    refuse_draft(&query)?;
    let parsed = read(&api, &source);
    let flow = accepted(&parsed)?;
    if api.state().flow(&flow.namespace, &flow.id, None).await?.is_some() {
        let problem = Problem::at("flow.id", "Flow id already exists");
        return Err(ApiError::invalid("Invalid entity: flow.id: Flow id already exists", vec![problem]));
    }
    Ok(Json(flow_with_source(&save(&api, flow, &source).await?)))
}

pub(super) async fn update(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
    headers: HeaderMap,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Flow>> {
    refuse_draft(&query)?;
    let expected = expected(&headers)?;
    api.flow(&namespace, &id, None).await?;
    let parsed = read(&api, &source);
    let flow = accepted(&parsed)?;
    for (path, written, meant) in
        [("flow.id", &flow.id, &id), ("flow.namespace", &flow.namespace, &namespace)]
    {
        if written != meant {
            let message =
                format!("Illegal {path} update: the source says '{written}', the address '{meant}'");
            let problem = Problem::at(path, message.clone());
            return Err(ApiError::invalid(format!("Invalid entity: {message}"), vec![problem]));
        }
    }
    let stored = match expected {
        None => save(&api, flow, &source).await?,
        Some(expected) => replace(&api, flow, &source, expected).await?,
    };
    Ok(Json(flow_with_source(&stored)))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    if forget(&api, &namespace, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found(format!("Flow '{namespace}.{id}'")))
    }
}

/// Deletes old revisions, if no execution needs them.
pub(super) async fn remove_revisions(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    query: Query,
) -> Answer<StatusCode> {
    query.required("revisions")?;
    let mut wanted = Vec::new();
    for text in query.all("revisions").flat_map(|texts| texts.split(',')) {
        wanted.push(text.trim().parse().map_err(|_| {
            ApiError::argument(format!("revisions has '{text}': numbers such as 1,2 are expected"))
        })?);
    }
    queries::remove_revisions(&api, &namespace, &id, &wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}
