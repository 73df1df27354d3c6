//! Uploads of files that are loaded, in pieces: the protocol of Google's resumable uploads.

use super::BigQuery;
use super::jobs::{Parameters, routes};
use super::refusal::Refusal;
use super::transfer::UPLOADS;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_RANGE, HOST, LOCATION, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use segue_ports::random_name;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The uploads that have begun, by their number.
#[derive(Default)]
pub(super) struct Uploads(Mutex<HashMap<String, Upload>>);

struct Upload {
    body: Value,
    bytes: Vec<u8>,
}

/// Announces an upload.
pub(super) async fn begin(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let id = random_name();
    let mut uploads = bigquery.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
    uploads.insert(id.clone(), Upload { body, bytes: Vec::new() });
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let to = format!("http://{host}/upload/bigquery/v2/projects/{project}/jobs?upload_id={id}");
    ([(LOCATION, to)], ()).into_response()
}

/// Takes a piece. After the last one the job begins.
pub(super) async fn piece(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = parameters.get("upload_id").cloned().unwrap_or_default();
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
    let whole = {
        let mut uploads = bigquery.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(upload) = uploads.get_mut(&id) else {
            return Err(Refusal::not_found("there is no such upload".to_owned()));
        };
        upload.bytes.extend_from_slice(&bytes);
        let have = upload.bytes.len();
        if !range.ends_with(&format!("/{have}")) {
            let until = format!("bytes=0-{}", have.saturating_sub(1));
            return Ok((StatusCode::PERMANENT_REDIRECT, [(RANGE, until)]).into_response());
        }
        uploads.remove(&id)
    };
    let Some(Upload { body, bytes }) = whole else {
        return Err(Refusal::not_found("the upload has ended".to_owned()));
    };
    let folder = bigquery.objects.join(UPLOADS);
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(&id), bytes));
    written.map_err(|error| Refusal::new("internalError", error.to_string()))?;
    let address = format!("gs://{UPLOADS}/{id}");
    Ok(routes::begin(&bigquery, &project, &body, Some(&address)).await?.into_response())
}
