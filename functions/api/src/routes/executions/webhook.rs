//! Webhook triggers (docs/kestra.md 5.4).

use super::create::ended;
use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Query, Raw};
use crate::view;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use segue_model::Json as Value;
use segue_scheduler::WebhookRequest;

/// Headers that only this server may read. Flows do not see them.
const KEPT_BACK: [&str; 2] = ["authorization", "cookie"];

pub(super) async fn fire(
    State(api): State<Api>,
    Path((namespace, id, key)): Path<(String, String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Raw,
) -> Answer<Response> {
    hook(&api, [&namespace, &id, &key], &query, &headers, body).await
}

pub(super) async fn fire_at(
    State(api): State<Api>,
    Path((namespace, id, key, _)): Path<(String, String, String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Raw,
) -> Answer<Response> {
    hook(&api, [&namespace, &id, &key], &query, &headers, body).await
}

async fn hook(
    api: &Api,
    [namespace, id, key]: [&str; 3],
    query: &Query,
    headers: &HeaderMap,
    body: Raw,
) -> Answer<Response> {
    let headers = headers
        .iter()
        .filter(|(name, _)| !KEPT_BACK.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let request = WebhookRequest { body: body.bytes.into(), headers, parameters: query.pairs().to_vec() };
    // Subscribe before the execution exists, so that its end is not missed.
    let mut changes = api.watch.subscribe();
    let outcome = api.scheduler.webhook(namespace, id, key, request).await?;
    let Some(execution) = outcome.execution else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let view = if outcome.wait {
        ended(api, &execution, &mut changes).await?
    } else {
        view::execution(api, &execution, [])
    };
    let mut response = if outcome.wait && outcome.return_outputs {
        // Without outputs the answer is null.
        let outputs = (!view.outputs.is_empty()).then_some(view.outputs);
        given_out(outputs.map_or(Value::Null, Value::Object), outcome.response_content_type.as_deref())
    } else {
        Json(view).into_response()
    };
    if let Some(code) = outcome.response_code.and_then(|code| StatusCode::from_u16(code).ok()) {
        *response.status_mut() = code;
    }
    Ok(response)
}

/// The outputs as JSON. The answer is a text if the client asks for another type than JSON and there is only one
/// output.
fn given_out(outputs: Value, content_type: Option<&str>) -> Response {
    let Some(kind) = content_type.and_then(|kind| HeaderValue::from_str(kind).ok()) else {
        return Json(outputs).into_response();
    };
    let only = outputs.as_object().filter(|map| map.len() == 1).and_then(|map| map.values().next());
    let text = match only {
        Some(Value::String(text)) if content_type != Some("application/json") => text.clone(),
        _ => outputs.to_string(),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
