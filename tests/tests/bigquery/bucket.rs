//! A storage server in memory, with the part of Cloud Storage's JSON API that reading objects needs: lists and
//! downloads.

use async_trait::async_trait;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use segue_ports::conformance::warehouse::PutObject;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// Objects by bucket and key, each with its generation.
type Objects = Arc<Mutex<BTreeMap<(String, String), (u64, Vec<u8>)>>>;

/// A storage server.
pub(crate) struct Bucket {
    pub(crate) address: String,
    objects: Objects,
}

impl Bucket {
    pub(crate) async fn serve() -> Self {
        let objects = Objects::default();
        let router = Router::new()
            .route("/storage/v1/b/{bucket}/o", get(list))
            .route("/storage/v1/b/{bucket}/o/{key}", get(content))
            .route("/upload/storage/v1/b/{bucket}/o", post(upload))
            .with_state(objects.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, objects }
    }

    pub(crate) fn remove(&self, uri: &str) {
        self.objects.lock().unwrap().remove(&parts(uri)).unwrap();
    }
}

fn parts(uri: &str) -> (String, String) {
    let (bucket, key) = uri.strip_prefix("gs://").unwrap().split_once('/').unwrap();
    (bucket.to_owned(), key.to_owned())
}

/// A page has two objects, so that a list needs several pages.
async fn list(
    State(objects): State<Objects>,
    Path(bucket): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Json<Value> {
    let objects = objects.lock().unwrap();
    let first: usize = asked["pageToken"].parse().unwrap_or_default();
    let meant = |&(own, key): &&(String, String)| *own == bucket && key.starts_with(&asked["prefix"]);
    let keys: Vec<_> = objects.keys().filter(meant).collect();
    let items = keys.iter().skip(first).take(2);
    let items: Vec<Value> =
        items.map(|key| json!({"name": key.1, "generation": objects[*key].0.to_string()})).collect();
    let next = (first + 2 < keys.len()).then(|| (first + 2).to_string());
    Json(json!({"items": items, "nextPageToken": next}))
}

async fn content(
    State(objects): State<Objects>,
    Path((bucket, key)): Path<(String, String)>,
) -> Result<Vec<u8>, StatusCode> {
    let objects = objects.lock().unwrap();
    objects.get(&(bucket, key)).map(|object| object.1.clone()).ok_or(StatusCode::NOT_FOUND)
}

async fn upload(
    State(objects): State<Objects>,
    Path(bucket): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
    bytes: axum::body::Bytes,
) -> Json<Value> {
    write(&objects, (bucket, asked["name"].clone()), bytes.to_vec());
    Json(json!({}))
}

fn write(objects: &Objects, name: (String, String), content: Vec<u8>) {
    let mut objects = objects.lock().unwrap();
    let generation = objects.values().map(|object| object.0).max().unwrap_or_default() + 1;
    objects.insert(name, (generation, content));
}

#[async_trait]
impl PutObject for Bucket {
    async fn put(&self, uri: &str, content: &[u8]) {
        write(&self.objects, parts(uri), content.to_vec());
    }

    async fn get(&self, uri: &str) -> Vec<u8> {
        self.objects.lock().unwrap()[&parts(uri)].1.clone()
    }
}
