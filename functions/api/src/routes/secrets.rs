//! Secrets are set and deleted. Values are never answered.

use crate::endpoint::{Content, Endpoint, delete, get, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::secrets as queries;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_api_types as types;
use segue_files::namespace::folder;

/// The largest value, in bytes. It is Secret Manager's limit.
const LARGEST: usize = 64 * 1024;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = "/namespaces/{namespace}/secrets/{key}";
    vec![
        get("/namespaces/{namespace}/secrets/missing", missing)
            .is("missingSecrets", "Lists the secrets that flows of a namespace name and that do not exist."),
        put(one, set)
            .is("setSecret", "Sets a secret to the text of the body. All namespaces of the server see it.")
            .body(Content::Text)
            .refuses(&[409, 413, 422]),
        delete(one, remove).is("deleteSecret", "Deletes a secret.").refuses(&[404, 409, 422]),
    ]
}

async fn missing(
    State(api): State<Api>,
    Path(namespace): Path<String>,
) -> Answer<Json<Vec<types::SecretKey>>> {
    queries::missing(&api, &namespace).await.map(Json)
}

async fn set(
    State(api): State<Api>,
    Path((namespace, key)): Path<(String, String)>,
    value: String,
) -> Answer<StatusCode> {
    folder(&namespace)?;
    if value.len() > LARGEST {
        return Err(ApiError::too_large("the value of a secret has at most 64 KiB"));
    }
    api.ports.secrets.put(&namespace, &key, &value).await?;
    Ok(StatusCode::OK)
}

async fn remove(
    State(api): State<Api>,
    Path((namespace, key)): Path<(String, String)>,
) -> Answer<StatusCode> {
    folder(&namespace)?;
    if api.ports.secrets.delete(&namespace, &key).await? {
        return Ok(StatusCode::OK);
    }
    Err(ApiError::not_found(format!("The secret '{key}'")))
}
