//! The server itself: health, configuration, metrics, and the description of this API.

use crate::door::token;
use crate::endpoint::{Endpoint, get, json, post};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use crate::{openapi, queries};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Json, Router, routing};
use segue_api_types as types;
use segue_model::id::ExecutionId;
use segue_model::{Json as Value, Map};
use std::time::Instant;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/configs", configs).is("configs", "Describes the server: its version, platform and features."),
        get("/usages/all", usage).is("usage", "Counts flows and executions. Segue sends the counts to nobody."),
        get("/pebble/filters", filters).is("pebbleFilters", "Lists the names of the filters of expressions."),
        get("/pebble/functions", functions)
            .is("pebbleFunctions", "Lists the names of the functions of expressions."),
        get("/basicAuthValidationErrors", auth_errors).is(
            "basicAuthErrors",
            "Lists what is wrong with the password of the server. Always empty: the server refuses to start instead.",
        ),
        get("/health/details", details).is(
            "healthDetails",
            "Describes how the server is: the state store, what waits, and what is late.",
        ),
        get("/dead-letters", dead_letters)
            .is("deadLetters", "Lists the messages that were given up after too many deliveries.")
            .refuses(&[404]),
        post("/dead-letters/{id}/deliver", deliver)
            .is("deliverDeadLetter", "Delivers a message again that was given up.")
            .refuses(&[404, 422]),
        get("/openapi.json", description).is("openapi", "Returns this description.").answers(json::<Map>()),
    ]
}

pub(super) fn open() -> Router<Api> {
    Router::new()
        .route("/health", routing::get(health))
        .route("/prometheus", routing::get(prometheus))
        .route(token::PATH, routing::get(enter))
}

async fn configs(State(api): State<Api>) -> Json<types::Configs> {
    let has_password = api.access.basic.is_some();
    Json(types::Configs {
        uuid: installation(&api.url),
        version: api.version.clone(),
        edition: "OSS".to_owned(),
        commit_id: api.version.clone(),
        chart_default_duration: "P30D".to_owned(),
        url: api.url.clone(),
        is_basic_auth_enabled: has_password,
        is_basic_auth_initialized: has_password,
        is_anonymous_usage_enabled: false,
        is_task_run_enabled: false,
        is_template_enabled: false,
        is_custom_dashboards_enabled: true,
        preview: types::PreviewLimits { initial: 100, max: 5000 },
        system_namespace: "system".to_owned(),
        hidden_labels_prefixes: vec!["system.".to_owned()],
        has_local_warehouse: api.has_local_warehouse,
    })
}

/// An id that follows from the URL of the server, in the form of a UUID.
fn installation(url: &str) -> String {
    let id = ExecutionId::derive(&["installation", url]);
    let hex: String = id.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

async fn usage(State(api): State<Api>) -> Answer<Json<types::Usage>> {
    queries::usage::all(&api).await.map(Json)
}

async fn filters() -> Json<Vec<&'static str>> {
    Json(segue_template::filter_names().collect())
}

async fn functions() -> Json<Vec<&'static str>> {
    Json(segue_template::function_names().collect())
}

async fn auth_errors() -> Json<Vec<String>> {
    Json(Vec::new())
}

async fn details(State(api): State<Api>) -> Json<types::HealthReport> {
    Json(queries::health::report(&api).await)
}

async fn dead_letters(State(api): State<Api>) -> Answer<Json<Vec<types::DeadLetter>>> {
    queries::health::dead_letters(&api).await.map(Json)
}

async fn deliver(State(api): State<Api>, Path(id): Path<u64>) -> Answer<StatusCode> {
    if api.ports.bus.deliver_again(id).await? {
        return Ok(StatusCode::OK);
    }
    Err(ApiError::not_found(format!("The dead letter {id}")))
}

async fn description(State(api): State<Api>) -> Json<Value> {
    Json(openapi::document(&super::endpoints(), &api.version))
}

/// Signs in a browser that opens the link of `segue server --token --open`.
async fn enter(State(api): State<Api>, method: Method, query: Query) -> Answer<Response> {
    // A program that only checks the link must not use the link up.
    if method == Method::HEAD {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let Some(token) = &api.access.token else { return Ok(Redirect::to("/").into_response()) };
    let cookie = token.open(query.required("code")?, Instant::now()).ok_or_else(|| {
        ApiError::forbidden(
            "Forbidden: this link was opened before, or it is older than ten minutes. Start the server with --open \
             again for a new link",
        )
    })?;
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, Redirect::to("/")).into_response())
}

/// `DOWN` with 503 and the reason if the state store cannot be read, or cannot be written.
async fn health(State(api): State<Api>) -> Response {
    let Err(reason) = api.health.check(api.state(), api.now()).await else {
        return Json(types::Health::up()).into_response();
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(types::Health::down(reason))).into_response()
}

/// The metrics in the text format of Prometheus.
async fn prometheus(State(api): State<Api>) -> Answer<Response> {
    let text = api.gauges.text(api.state(), &api.version).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
