//! The KV store (docs/kestra.md 6.6).

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, get, json, put};
use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{JsonBody, Page, Query, TextBody, paged};
use crate::view::kv::{key as key_view, read, value as value_view};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use segue_api_types as types;
use segue_files::namespace::folder;
use segue_model::parse_duration;
use segue_ports::kv::{KvEntry, KvWrite};

/// The longest key.
const LONGEST_KEY: usize = 512;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = "/namespaces/{namespace}/kv/{key}";
    let all = "/namespaces/{namespace}/kv";
    vec![
        get(all, list)
            .is("kvKeys", "The keys of a namespace.")
            .answers(json::<Vec<types::KvKey>>())
            .refuses(&[422]),
        get("/namespaces/{namespace}/kv/inheritance", inherited)
            .is("kvInherited", "The keys a namespace sees in those above it.")
            .answers(json::<Vec<types::KvKey>>())
            .refuses(&[422]),
        get("/kv", search)
            .is("searchKv", "The keys of all namespaces.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "A part of the key."),
                Param::new("namespace", Kind::Text, "This namespace and those below it."),
            ])
            .answers(json::<types::Page<types::KvKey>>()),
        get(one, value)
            .is("kvValue", "A value with its type.")
            .answers(json::<types::KvValue>())
            .refuses(&[404, 422]),
        put(one, set)
            .is("setKv", "Sets a value: JSON, or a date or duration as text.")
            .takes(&[
                Param::new("ttl", Kind::Text, "An ISO-8601 duration after which it is gone.").header(),
                Param::new("description", Kind::Text, "A text for people.").header(),
            ])
            .body(Content::JsonOrText),
        delete(one, remove)
            .is("deleteKv", "Removes a value; whether it was there.")
            .answers(json::<bool>())
            .refuses(&[422]),
        delete(all, remove_all)
            .is("deleteKvKeys", "Removes values; those that were there.")
            .body(json::<types::Keys>())
            .answers(json::<types::Keys>()),
    ]
}

/// Refuses what cannot be the name of a namespace, or a key.
fn checked(namespace: &str, key: Option<&str>) -> Answer<()> {
    folder(namespace)?;
    match key {
        Some(key) if key.is_empty() || key.len() > LONGEST_KEY || key.chars().any(char::is_control) => Err(
            ApiError::argument(format!("a key has 1 to {LONGEST_KEY} characters, none of them invisible")),
        ),
        _ => Ok(()),
    }
}

async fn list(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<Vec<types::KvKey>>> {
    checked(&namespace, None)?;
    Ok(Json(api.state().kv_entries(&namespace, api.now()).await?.iter().map(key_view).collect()))
}

async fn inherited(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<Vec<types::KvKey>>> {
    checked(&namespace, None)?;
    let mut found = Vec::new();
    let mut above = namespace.as_str();
    while let Some((parent, _)) = above.rsplit_once('.') {
        found.extend(api.state().kv_entries(parent, api.now()).await?.iter().map(key_view));
        above = parent;
    }
    Ok(Json(found))
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::KvKey>>> {
    let page = Page::from_query(&query)?;
    page.order(&["key", "namespace"])?;
    let part = query.text("q").unwrap_or_default().to_lowercase();
    let wanted = query.text("namespace");
    let mut found: Vec<KvEntry> = Vec::new();
    for namespace in api.state().kv_namespaces().await? {
        let fits = wanted.is_none_or(|wanted| {
            namespace.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if fits {
            found.extend(api.state().kv_entries(&namespace, api.now()).await?);
        }
    }
    found.retain(|entry| entry.key.to_lowercase().contains(&part));
    let total = found.len() as u64;
    Ok(paged(page.cut(found).iter().map(key_view).collect(), total))
}

async fn value(
    State(api): State<Api>,
    Path((namespace, key)): Path<(String, String)>,
) -> Answer<Json<types::KvValue>> {
    checked(&namespace, None)?;
    let found = api.state().kv(&namespace, &key, api.now()).await?;
    let entry =
        found.ok_or_else(|| ApiError::not_found(format!("Key '{key}' of namespace '{namespace}'")))?;
    Ok(Json(value_view(entry)))
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
            format!("Invalid JSON value: {why}; a text stands between quotes, like \"text\""),
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
