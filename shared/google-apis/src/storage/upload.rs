//! Uploads of objects: in one request (`media`, `multipart`), or in pieces (`resumable`).

use super::conditions::Conditions;
use super::resource::{attributes, encoded, object as object_json, own_address};
use super::{Parameters, Storage, buckets};
use crate::refusal::Refusal;
use crate::uploads::{Complete, Progress, Related, Spooled, related};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use segue_ports::object::{ObjectAddress, ObjectAttributes, ObjectInfo};
use serde_json::Value;
use std::sync::Arc;

/// The largest description of an object, in bytes.
const DESCRIPTION: usize = 1 << 20;
/// The header with the id of an upload in pieces.
const UPLOAD_ID: HeaderName = HeaderName::from_static("x-guploader-uploadid");

/// What a client says about an object before its bytes.
pub(super) struct About {
    pub(super) address: ObjectAddress,
    pub(super) attributes: ObjectAttributes,
    pub(super) conditions: Conditions,
    /// The checksums that the client computed. None if it did not.
    pub(super) crc32c: Option<String>,
    pub(super) md5: Option<String>,
}

impl About {
    fn read(
        storage: &Storage,
        bucket: &str,
        parameters: &Parameters,
        body: &Value,
        content_type: Option<String>,
    ) -> Result<Self, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = text("name").or_else(|| parameters.get("name").cloned());
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Refusal::new("required", "Required: the name of the object"))?;
        for option in ["kmsKeyName", "encryptionAlgorithm"] {
            if parameters.contains_key(option) {
                return Err(Refusal::unsupported(option));
            }
        }
        let mut attributes = attributes(body, ObjectAttributes::default());
        attributes.content_encoding =
            attributes.content_encoding.or_else(|| parameters.get("contentEncoding").cloned());
        attributes.content_type = attributes.content_type.or(content_type);
        Ok(Self {
            address: storage.address(bucket, &name)?,
            attributes,
            conditions: Conditions::read(parameters)?,
            crc32c: text("crc32c"),
            md5: text("md5Hash"),
        })
    }

    /// The checksums in the header `x-goog-hash`: `crc32c=…,md5=…`.
    pub(super) fn with_sums_in(mut self, headers: &HeaderMap) -> Self {
        let lines = headers.get_all("x-goog-hash").iter().filter_map(|line| line.to_str().ok());
        for (name, value) in
            lines.flat_map(|line| line.split(',')).filter_map(|pair| pair.trim().split_once('='))
        {
            match name {
                "crc32c" => self.crc32c = Some(value.to_owned()),
                "md5" => self.md5 = Some(value.to_owned()),
                _ => {}
            }
        }
        self
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Takes an object, or announces an upload in pieces.
pub(super) async fn begin(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if parameters.contains_key("upload_id") {
        // Some clients send the pieces with POST too.
        return piece(State(storage), Path(bucket), Query(parameters), headers, body).await;
    }
    storage.visible(&bucket)?;
    if storage.objects.bucket(&bucket).await?.is_none() {
        return Err(buckets::missing());
    }
    match parameters.get("uploadType").map(String::as_str) {
        Some("media") => {
            let content_type = text(&headers, CONTENT_TYPE.as_str());
            let about = About::read(&storage, &bucket, &parameters, &Value::Null, content_type)?;
            let mut file = Spooled::new(storage.uploads.folder())?;
            file.fill(body.into_data_stream(), 0).await?;
            answer(&storage, about.with_sums_in(&headers), file.finish().await?, &headers).await
        }
        Some("multipart") => {
            let Related { description, content_type, file } =
                related(&headers, body, storage.uploads.folder()).await?;
            let about = About::read(&storage, &bucket, &parameters, &read(&description)?, content_type)?;
            answer(&storage, about.with_sums_in(&headers), file.finish().await?, &headers).await
        }
        Some("resumable") => {
            let text_of = axum::body::to_bytes(body, DESCRIPTION).await;
            let text_of = text_of
                .map_err(|error| Refusal::invalid(format!("the description of the object: {error}")))?;
            let content_type = text(&headers, "x-upload-content-type");
            let about = About::read(&storage, &bucket, &parameters, &read(&text_of)?, content_type)?;
            let id = storage.uploads.begin(about)?;
            let own = own_address(&headers);
            let to = format!(
                "{own}/upload/storage/v1/b/{}/o?uploadType=resumable&upload_id={id}",
                encoded(&bucket)
            );
            let mut response = ([(LOCATION, to)], ()).into_response();
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(UPLOAD_ID, id);
            }
            Ok(response)
        }
        other => Err(Refusal::invalid(format!(
            "uploadType is '{}'; it is media, multipart or resumable",
            other.unwrap_or_default()
        ))),
    }
}

/// The description of an object. No bytes are a description without fields.
fn read(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::invalid(format!("the description of the object is no JSON: {error}")))
}

/// Takes a piece.
pub(super) async fn piece(
    State(storage): State<Arc<Storage>>,
    Path(_bucket): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let id = parameters.get("upload_id").map(String::as_str).unwrap_or_default();
    match storage.uploads.piece(id, &headers, body).await? {
        Progress::More(response) => Ok(response),
        Progress::Whole(about, file) => answer(&storage, about.with_sums_in(&headers), file, &headers).await,
    }
}

/// Forgets an upload in pieces. Google answers with 499.
pub(super) async fn cancel(
    State(storage): State<Arc<Storage>>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, Refusal> {
    let id = parameters.get("upload_id").map(String::as_str).unwrap_or_default();
    if storage.uploads.cancel(id) {
        return Ok(StatusCode::from_u16(499).unwrap_or(StatusCode::NO_CONTENT));
    }
    Err(Refusal::not_found("there is no such upload"))
}

async fn answer(
    storage: &Storage,
    about: About,
    file: Complete,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let own = own_address(headers);
    let (info, sums) = storage.keep(about, file).await?;
    Ok(Json(object_json(&info, Some(&sums), &own)).into_response())
}

impl Storage {
    /// Writes a complete file as an object, if its checksums and the conditions are right.
    pub(super) async fn keep(
        &self,
        about: About,
        file: Complete,
    ) -> Result<(ObjectInfo, crate::uploads::Sums), Refusal> {
        let wrong = |name: &str, told: &str, has: &str| {
            Refusal::invalid(format!("Provided {name} \"{told}\" doesn't match calculated {name} \"{has}\"."))
        };
        if let Some(told) = about.crc32c.as_ref().filter(|told| **told != file.sums.crc32c) {
            return Err(wrong("CRC32C", told, &file.sums.crc32c));
        }
        if let Some(told) = about.md5.as_ref().filter(|told| **told != file.sums.md5) {
            return Err(wrong("MD5 hash", told, &file.sums.md5));
        }
        let _alone = self.locks.of(&about.address).await;
        if !about.conditions.is_empty() {
            about.conditions.check(self.objects.head(&about.address).await?.as_ref())?;
        }
        tracing::debug!(address = %about.address, bytes = file.length, "an object is uploaded");
        let written = self.objects.put_file(&about.address, &file.path, about.attributes).await;
        let info = written.map_err(|error| match error {
            segue_ports::PortError::NotFound { .. } => buckets::missing(),
            other => other.into(),
        })?;
        self.sums.learn(&info, file.sums.clone());
        Ok((info, file.sums))
    }
}
