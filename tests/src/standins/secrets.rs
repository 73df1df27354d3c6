//! Stand-in for Secret Manager. Each secret has one version. `POST /standin/secrets` with `{name, value}` sets a
//! secret.

use super::answer::{Answer, Refusal};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

type Secrets = Arc<Mutex<BTreeMap<String, String>>>;

/// The routes.
pub fn app() -> Router {
    Router::new()
        .route("/standin/secrets", post(set))
        .route("/v1/projects/{project}/secrets", get(list))
        .route("/v1/projects/{project}/secrets/{secret}/versions/{version}", get(access))
        .with_state(Secrets::default())
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    value: String,
}

async fn set(State(secrets): State<Secrets>, Json(secret): Json<Secret>) -> Answer {
    secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.name, secret.value);
    Ok(Json(json!({})))
}

async fn access(
    State(secrets): State<Secrets>,
    Path((project, secret, version)): Path<(String, String, String)>,
) -> Answer {
    let name = format!("projects/{project}/secrets/{secret}");
    if version != "latest:access" {
        return Err(Refusal::invalid(format!("only the latest version can be read, not {version}")));
    }
    let known = secrets.lock().unwrap_or_else(PoisonError::into_inner);
    let value = known.get(&secret).ok_or_else(|| Refusal::not_found(&name))?;
    // 64-bit numbers are texts in Google's JSON.
    let checksum = crc32c::crc32c(value.as_bytes()).to_string();
    let payload = json!({"data": STANDARD.encode(value), "dataCrc32c": checksum});
    Ok(Json(json!({"name": format!("{name}/versions/1"), "payload": payload})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    filter: String,
    page_size: usize,
    page_token: String,
}

impl Default for Page {
    fn default() -> Self {
        Self { filter: String::new(), page_size: 100, page_token: String::new() }
    }
}

async fn list(
    State(secrets): State<Secrets>,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Answer {
    let wanted = page.filter.strip_prefix("name:").unwrap_or_default();
    let known = secrets.lock().unwrap_or_else(PoisonError::into_inner);
    let matching: Vec<&String> =
        known.keys().filter(|name| name.contains(wanted) && **name > page.page_token).collect();
    // Pages have at most two entries, so that a test notices a client that reads only one page. Google's service may
    // also return fewer entries than requested.
    let shown: Vec<&String> = matching.iter().take(page.page_size.clamp(1, 2)).copied().collect();
    let next = if shown.len() < matching.len() { shown.last().map_or("", |last| last.as_str()) } else { "" };
    let listed: Vec<_> =
        shown.iter().map(|name| json!({"name": format!("projects/{project}/secrets/{name}")})).collect();
    Ok(Json(json!({"secrets": listed, "nextPageToken": next, "totalSize": matching.len()})))
}
