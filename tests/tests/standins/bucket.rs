//! A storage server in memory, with the part of Cloud Storage's JSON API that the stand-in of Cloud Run jobs uses.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// The objects of a bucket by name.
pub(crate) type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

pub(crate) fn app(objects: Objects) -> Router {
    Router::new()
        .route("/storage/v1/b/bucket/o", get(list))
        .route("/storage/v1/b/bucket/o/{name}", get(read).delete(remove))
        .route("/upload/storage/v1/b/bucket/o", post(write))
        .with_state(objects)
}

/// A page has two objects, so that a list needs several pages.
async fn list(State(objects): State<Objects>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let objects = objects.lock().unwrap();
    let after = query.get("pageToken").map_or("", String::as_str);
    let matching: Vec<&String> =
        objects.keys().filter(|name| name.starts_with(&query["prefix"]) && name.as_str() > after).collect();
    let shown: Vec<&String> = matching.iter().take(2).copied().collect();
    let next = if shown.len() < matching.len() { shown[1].as_str() } else { "" };
    let items: Vec<Value> = shown.iter().map(|name| json!({"name": name})).collect();
    Json(json!({"items": items, "nextPageToken": next}))
}

async fn read(State(objects): State<Objects>, Path(name): Path<String>) -> Result<Vec<u8>, StatusCode> {
    objects.lock().unwrap().get(&name).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn remove(State(objects): State<Objects>, Path(name): Path<String>) -> StatusCode {
    match objects.lock().unwrap().remove(&name) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

async fn write(
    State(objects): State<Objects>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Json<Value> {
    objects.lock().unwrap().insert(query["name"].clone(), body.to_vec());
    Json(json!({"name": query["name"]}))
}
