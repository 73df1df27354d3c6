//! The KV store (docs/kestra.md 6.6).

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::kv as queries;
use crate::request::{JsonBody, Query, TextBody};
use crate::view::kv::read;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use segue_api_types as types;
use segue_files::namespace::folder;
use segue_model::{is_kv_key, parse_duration};
use segue_ports::kv::KvWrite;

/// The largest number of characters of a key.
const LONGEST_KEY: usize = 512;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = "/namespaces/{namespace}/kv/{key}";
    let all = "/namespaces/{namespace}/kv";
    vec![
        get(all, list).is("kvKeys", "Lists the keys of a namespace.").refuses(&[422]),
        get("/namespaces/{namespace}/kv/inheritance", inherited)
            .is("kvInherited", "Lists the keys that a namespace inherits from the namespaces above it.")
            .refuses(&[422]),
        get("/kv", search)
            .is("searchKv", "Searches the keys of all namespaces.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "Only keys that contain this text."),
                Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
            ])
            .filters(queries::FIELDS),
        get(one, value).is("kvValue", "Returns a value with its type.").refuses(&[404, 422]),
        put(one, set)
            .is("setKv", "Sets a value: JSON, or a date or duration as text.")
            .takes(&[
                Param::new("ttl", Kind::Text, "Time to live, as an ISO-8601 duration. Default: none.")
                    .header(),
                Param::new("description", Kind::Text, "A description of the value for readers.").header(),
            ])
            .body(Content::JsonOrText),
        delete(one, remove)
            .is("deleteKv", "Deletes a value. Answers whether the value existed.")
            .refuses(&[422]),
        delete(all, remove_all)
            .is("deleteKvKeys", "Deletes several values. Answers the keys that existed.")
            .body(json::<types::Keys>()),
    ]
}

/// Refuses an invalid name of a namespace, and an invalid key.
fn checked(namespace: &str, key: Option<&str>) -> Answer<()> {
    folder(namespace)?;
    match key {
        Some(key) if key.len() > LONGEST_KEY || !is_kv_key(key) => Err(ApiError::argument(format!(
            "'{key}' is not a key; a key begins with a letter or a digit, has at most {LONGEST_KEY} characters, and has \
             only letters, digits, '.', '_' and '-'"
        ))),
        _ => Ok(()),
    }
}

async fn list(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<Vec<types::KvKey>>> {
    queries::list(&api, &namespace).await.map(Json)
}

async fn inherited(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<Vec<types::KvKey>>> {
    queries::inherited(&api, &namespace).await.map(Json)
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::KvKey>>> {
    queries::search(&api, &query).await.map(Json)
}

async fn value(
    State(api): State<Api>,
    Path((namespace, key)): Path<(String, String)>,
) -> Answer<Json<types::KvValue>> {
    queries::value(&api, &namespace, &key).await.map(Json)
}

async fn set(
    State(api): State<Api>,
    Path((namespace, key)): Path<(String, String)>,
    headers: HeaderMap,
    TextBody(body): TextBody,
) -> Answer<StatusCode> {
    checked(&namespace, Some(&key))?;
    let header = |name: &str| {
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        value.filter(|value| !value.trim().is_empty())
    };
    let (kind, value) = read(&body).map_err(|why| {
        ApiError::invalid(
            format!("Invalid JSON value: {why}; write a text in quotes, like \"text\""),
            Vec::new(),
        )
    })?;
    let expires = match header("ttl") {
        None => None,
        Some(ttl) => {
            let lasts = parse_duration(&ttl).map_err(|why| ApiError::argument(format!("ttl: {why}")))?;
            let expires = api.now().checked_add(lasts);
            Some(expires.map_err(|_| ApiError::argument(format!("ttl: {ttl} is too long")))?)
        }
    };
    let description = header("description");
    let write = KvWrite::Set { namespace, key, kind, value, description, expires };
    api.state().write_kv(vec![write], api.now()).await?;
    Ok(StatusCode::OK)
}

async fn remove(
    State(api): State<Api>,
    Path((namespace, key)): Path<(String, String)>,
) -> Answer<Json<bool>> {
    checked(&namespace, None)?;
    let was_there = api.state().kv(&namespace, &key, api.now()).await?.is_some();
    api.state().write_kv(vec![KvWrite::Delete { namespace, key }], api.now()).await?;
    Ok(Json(was_there))
}

async fn remove_all(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    JsonBody(types::Keys { keys }): JsonBody<types::Keys>,
) -> Answer<Json<types::Keys>> {
    checked(&namespace, None)?;
    let mut there = Vec::new();
    for key in keys {
        if api.state().kv(&namespace, &key, api.now()).await?.is_some() {
            there.push(key);
        }
    }
    let delete = |key: &String| KvWrite::Delete { namespace: namespace.clone(), key: key.clone() };
    api.state().write_kv(there.iter().map(delete).collect(), api.now()).await?;
    Ok(Json(types::Keys { keys: there }))
}
