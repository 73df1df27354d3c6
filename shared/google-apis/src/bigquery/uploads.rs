//! Uploads of files that are loaded: in one request, or in pieces.

use super::BigQuery;
use super::jobs::{Parameters, routes};
use crate::refusal::Refusal;
use crate::uploads::{Complete, Progress, Related, related};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{HOST, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use segue_ports::object::{ObjectAddress, ObjectAttributes};
use segue_ports::random_name;
use segue_ports::storage::PLATFORM_FOLDER;
use serde_json::Value;
use std::sync::Arc;

/// The largest description of a job, in bytes.
const DESCRIPTION: usize = 10 << 20;

/// Announces an upload, or takes a whole one.
pub(super) async fn begin(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if parameters.contains_key("upload_id") {
        // Some clients send the pieces with POST too.
        return piece(State(bigquery), Path(project), Query(parameters), headers, body).await;
    }
    match parameters.get("uploadType").map(String::as_str) {
        None | Some("resumable") => {
            let text = axum::body::to_bytes(body, DESCRIPTION).await;
            let text =
                text.map_err(|error| Refusal::invalid(format!("the description of the job: {error}")))?;
            let id = bigquery.uploads.begin(read(&text)?)?;
            let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            let prefix = crate::door::prefix(&headers);
            let to = format!(
                "http://{host}{prefix}/upload/bigquery/v2/projects/{project}/jobs?uploadType=resumable&upload_id={id}"
            );
            Ok(([(LOCATION, to)], ()).into_response())
        }
        Some("multipart") => {
            let Related { description, file, .. } =
                related(&headers, body, bigquery.uploads.folder()).await?;
            start(&bigquery, &project, &read(&description)?, file.finish().await?).await
        }
        Some(other) => {
            Err(Refusal::invalid(format!("uploadType is '{other}'; it is resumable or multipart")))
        }
    }
}

fn read(text: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(text)
        .map_err(|error| Refusal::invalid(format!("the description of the job is no JSON: {error}")))
}

/// Takes a piece. After the last one the job begins.
pub(super) async fn piece(
    State(bigquery): State<Arc<BigQuery>>,
    Path(project): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let id = parameters.get("upload_id").map(String::as_str).unwrap_or_default();
    match bigquery.uploads.piece(id, &headers, body).await? {
        Progress::More(response) => Ok(response),
        Progress::Whole(description, file) => start(&bigquery, &project, &description, file).await,
    }
}

/// Forgets an upload.
pub(super) async fn cancel(
    State(bigquery): State<Arc<BigQuery>>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, Refusal> {
    let id = parameters.get("upload_id").map(String::as_str).unwrap_or_default();
    if bigquery.uploads.cancel(id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Refusal::not_found("there is no such upload"))
}

async fn start(
    bigquery: &Arc<BigQuery>,
    project: &str,
    description: &Value,
    file: Complete,
) -> Result<Response, Refusal> {
    let address = bigquery.upload_address();
    bigquery.objects.put_file(&address, &file.path, ObjectAttributes::default()).await?;
    let uri = address.to_string();
    match routes::begin(bigquery, project, description, Some(&uri)).await {
        Ok(job) => Ok(job.into_response()),
        Err(refusal) => {
            bigquery.discard_upload(&uri).await;
            Err(refusal)
        }
    }
}

impl BigQuery {
    /// A new address for a file that is loaded.
    fn upload_address(&self) -> ObjectAddress {
        ObjectAddress::new(&self.bucket, format!("{PLATFORM_FOLDER}/{}/{}", super::UPLOADS, random_name()))
    }

    /// Keeps bytes until they are loaded, and returns their address.
    pub(super) async fn keep_upload(
        &self,
        bytes: segue_ports::object::ByteStream,
    ) -> Result<String, Refusal> {
        let address = self.upload_address();
        self.objects.put(&address, bytes, ObjectAttributes::default()).await?;
        Ok(address.to_string())
    }

    /// Removes a file that was loaded.
    pub(super) async fn discard_upload(&self, uri: &str) {
        let removed = match ObjectAddress::parse(uri) {
            Ok(address) => self.objects.delete(&address).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, uri, "an uploaded file could not be removed");
        }
    }
}
