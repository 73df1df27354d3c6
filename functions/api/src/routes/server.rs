//! The server itself: whether it is there, what it is, its numbers, the description of this API.

use crate::endpoint::{Content, Endpoint, get};
use crate::error::Answer;
use crate::openapi;
use crate::parts::Api;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use segue_model::Json as Value;
use segue_model::state::State as ExecutionState;
use segue_ports::schedule::TriggerFilter;
use segue_ports::state::ExecutionFilter;
use serde_json::json;
use std::fmt::Write as _;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/configs", configs)
            .is("configs", "What this server is and can.")
            .answers(Content::Json("Configs")),
        get("/openapi.json", description).is("openapi", "This description.").answers(Content::Json("Map")),
    ]
}

pub(super) fn open() -> Router<Api> {
    Router::new().route("/health", routing::get(health)).route("/prometheus", routing::get(prometheus))
}

async fn configs(State(api): State<Api>) -> Json<Value> {
    Json(json!({
        "version": api.version,
        "url": api.url,
        "isBasicAuthEnabled": api.access.basic.is_some(),
        "isBasicAuthInitialized": api.access.basic.is_some(),
        "isAnonymousUsageEnabled": false,
        "isTaskRunEnabled": false,
        "isTemplateEnabled": false,
        "isCustomDashboardsEnabled": false,
        "preview": {"initial": 100, "max": 5000},
        "systemNamespace": "system",
        "hiddenLabelsPrefixes": ["system."],
    }))
}

async fn description(State(api): State<Api>) -> Json<Value> {
    Json(openapi::document(&super::endpoints(), &api.version))
}

/// `DOWN`, with 503, and a reason, where the store cannot be read and written or is damaged.
async fn health(State(api): State<Api>) -> Response {
    match api.state().check().await {
        Ok(()) => Json(json!({"status": "UP"})).into_response(),
        Err(error) => {
            tracing::error!(%error, "the state store cannot be used");
            (
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                Json(json!({"status": "DOWN", "reason": error.to_string()})),
            )
                .into_response()
        }
    }
}

/// The numbers in Prometheus's text format, counted when they are asked for.
async fn prometheus(State(api): State<Api>) -> Answer<Response> {
    let mut text =
        String::from("# HELP segue_executions Executions by their state.\n# TYPE segue_executions gauge\n");
    for state in ExecutionState::ALL {
        let filter = ExecutionFilter { states: vec![state], ..ExecutionFilter::default() };
        let count = api.state().count_executions(&filter).await?;
        // Writing to a text cannot fail.
        let _ = writeln!(text, "segue_executions{{state=\"{state}\"}} {count}");
    }
    let flows = api.state().flows(None).await?.len();
    let triggers = api.state().triggers(&TriggerFilter::default()).await?.len();
    let _ = write!(
        text,
        "# HELP segue_flows Flows.\n# TYPE segue_flows gauge\nsegue_flows {flows}\n\
         # HELP segue_triggers Triggers with a state.\n# TYPE segue_triggers gauge\nsegue_triggers {triggers}\n\
         # HELP segue_info The version.\n# TYPE segue_info gauge\nsegue_info{{version=\"{}\"}} 1\n",
        api.version
    );
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
