//! Saves and deletes flows.

use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use crate::request::YamlBody;
use crate::source::{accepted, read};
use crate::view::flow::flow_with_source;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_api_types as types;
use segue_model::flow::Flow;
use segue_ports::state::StoredFlow;

/// Saves an accepted source, and updates the states of its triggers.
pub(crate) async fn save(api: &Api, flow: &Flow, source: &str) -> Answer<StoredFlow> {
    let stored = api.state().put_flow(&flow.namespace, &flow.id, source, api.now()).await?;
    let mut flow = flow.clone();
    flow.revision = stored.revision;
    api.scheduler.sync_flow(&flow).await?;
    Ok(stored)
}

/// Deletes a flow with the states of its triggers. Returns false if the flow did not exist.
pub(crate) async fn forget(api: &Api, namespace: &str, id: &str) -> Answer<bool> {
    let is_gone = api.state().delete_flow(namespace, id, api.now()).await?;
    if is_gone {
        api.scheduler.forget_flow(namespace, id).await?;
    }
    Ok(is_gone)
}

pub(super) async fn create(State(api): State<Api>, YamlBody(source): YamlBody) -> Answer<Json<types::Flow>> {
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
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Flow>> {
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
    Ok(Json(flow_with_source(&save(&api, flow, &source).await?)))
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
