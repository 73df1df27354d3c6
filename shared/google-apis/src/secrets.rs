//! Secret Manager's API (version 1) over the secrets of the platform: reading and listing. Secrets are made where the
//! platform reads them, not by clients.
//!
//! A secret has one version. It must not know where secrets come from, and it never logs a value.
//!
//! To add a call, add a function over its messages, and lines in [`routes`].

use crate::refusal::Refusal;
use crate::rpc::json::{base64, number};
use crate::rpc::{call, none_of, other, page};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use segue_ports::SecretStore;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The namespace of a program outside of flows. The secrets of one machine are the same for all namespaces.
const NAMESPACE: &str = "";

struct Secrets {
    store: Arc<dyn SecretStore>,
}

/// A name: `GetSecret`, `GetSecretVersion` and `AccessSecretVersion`.
#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
struct Secret {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Deserialize, prost::Message)]
#[serde(rename_all = "camelCase", default)]
struct List {
    #[prost(string, tag = "1")]
    parent: String,
    #[prost(int32, tag = "2")]
    page_size: i32,
    #[prost(string, tag = "3")]
    page_token: String,
    #[prost(string, tag = "4")]
    filter: String,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[prost(message, repeated, tag = "1")]
    secrets: Vec<Secret>,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    next_page_token: String,
    #[prost(int32, tag = "3")]
    total_size: i32,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
struct Accessed {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    payload: Option<Payload>,
}

#[derive(Clone, PartialEq, Serialize, prost::Message)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(with = "base64")]
    data: Bytes,
    #[prost(int64, optional, tag = "2")]
    #[serde(with = "number")]
    data_crc32c: Option<i64>,
}

/// The routes.
pub fn routes(store: Arc<dyn SecretStore>) -> Router {
    let state = Arc::new(Secrets { store });
    let service = Router::new()
        .route("/AccessSecretVersion", call(&state, access))
        .route("/GetSecret", call(&state, show))
        .route("/ListSecrets", call(&state, list))
        .route("/{call}", other());
    let json = Router::new()
        .route("/v1/projects/{project}/secrets", get(list_as_json))
        .route("/v1/projects/{project}/secrets/{secret}", get(show_as_json))
        .route("/v1/projects/{project}/secrets/{secret}/versions/{version}", get(access_as_json))
        .with_state(state);
    Router::new().nest("/google.cloud.secretmanager.v1.SecretManagerService", service).merge(json)
}

/// `projects/PROJECT/secrets/SECRET`, and what follows.
fn parts(name: &str) -> Result<(&str, &str, &str), Refusal> {
    let parsed = name.strip_prefix("projects/").and_then(|rest| {
        let (project, rest) = rest.split_once("/secrets/")?;
        let (secret, rest) = rest.split_once('/').unwrap_or((rest, ""));
        Some((project, secret, rest))
    });
    let is_plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    parsed.filter(|(_, secret, _)| is_plain(secret)).ok_or_else(|| {
        Refusal::invalid(format!(
            "'{}' is not the name of a secret; write projects/PROJECT/secrets/SECRET",
            name.escape_debug()
        ))
    })
}

fn missing(name: &str) -> Refusal {
    Refusal::not_found(format!(
        "Secret [{name}] not found; set the variable SECRET_NAME of the server to the value in base64"
    ))
}

async fn access(secrets: Arc<Secrets>, asked: Named) -> Result<Accessed, Refusal> {
    let (project, secret, version) = parts(&asked.name)?;
    let version = version.strip_prefix("versions/").unwrap_or_default();
    if !["latest", "1"].contains(&version) {
        return Err(Refusal::not_found(format!(
            "the secret {secret} has no version '{}': a secret of this machine has the version 1, which is the latest",
            version.escape_debug()
        )));
    }
    let value = secrets.store.get(NAMESPACE, secret).await?;
    let value = value.ok_or_else(|| missing(&format!("projects/{project}/secrets/{secret}")))?;
    let crc32c = i64::from(crc32c::crc32c(value.as_bytes()));
    Ok(Accessed {
        name: format!("projects/{project}/secrets/{secret}/versions/1"),
        payload: Some(Payload { data: value.into_bytes().into(), data_crc32c: Some(crc32c) }),
    })
}

async fn show(secrets: Arc<Secrets>, asked: Named) -> Result<Secret, Refusal> {
    let (_, secret, _) = parts(&asked.name)?;
    match secrets.store.get(NAMESPACE, secret).await? {
        Some(_) => Ok(Secret { name: asked.name }),
        None => Err(missing(&asked.name)),
    }
}

async fn list(secrets: Arc<Secrets>, asked: List) -> Result<Listed, Refusal> {
    none_of(&[("filter of secrets", !asked.filter.is_empty())])?;
    let names = secrets.store.names(NAMESPACE).await?;
    let total_size = i32::try_from(names.len()).unwrap_or(i32::MAX);
    let (names, next_page_token) = page(names, asked.page_size, &asked.page_token)?;
    let named = |name: String| Secret { name: format!("{}/secrets/{name}", asked.parent) };
    Ok(Listed { secrets: names.into_iter().map(named).collect(), next_page_token, total_size })
}

async fn list_as_json(
    State(secrets): State<Arc<Secrets>>,
    Path(project): Path<String>,
    Query(asked): Query<List>,
) -> Result<Response, Refusal> {
    let asked = List { parent: format!("projects/{project}"), ..asked };
    Ok(Json(list(secrets, asked).await?).into_response())
}

async fn show_as_json(
    State(secrets): State<Arc<Secrets>>,
    Path((project, secret)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let name = format!("projects/{project}/secrets/{secret}");
    Ok(Json(show(secrets, Named { name }).await?).into_response())
}

/// `VERSION:access`.
async fn access_as_json(
    State(secrets): State<Arc<Secrets>>,
    Path((project, secret, version)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let version = version
        .strip_suffix(":access")
        .ok_or_else(|| Refusal::new("notImplemented", "a version of a secret can be accessed only"))?;
    let name = format!("projects/{project}/secrets/{secret}/versions/{version}");
    Ok(Json(access(secrets, Named { name }).await?).into_response())
}
