//! Reads a body as a whole, as JSON, YAML or text.

use crate::error::{Answer, ApiError};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

/// The largest body that is read as a whole, in bytes. The limit also holds for each text part of a form.
pub(crate) const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The 413 error for a body or part above [`LARGEST_BODY`].
pub(super) fn too_large(what: impl std::fmt::Display) -> ApiError {
    ApiError::too_large(format!("{what} is larger than {} MiB", LARGEST_BODY / (1024 * 1024)))
}

/// The media type of a body in lower case, without parameters. None if the request has no `Content-Type`.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!kind.is_empty()).then_some(kind)
}

/// A body of any type. `media_type` is None if the request has no `Content-Type`.
pub(crate) struct Raw {
    pub(crate) media_type: Option<String>,
    pub(crate) bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let media_type = media_type(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                too_large("the body")
            } else {
                ApiError::bad_request(format!("the body was interrupted: {}", root(&rejection)))
            }
        })?;
        Ok(Self { media_type, bytes })
    }
}

/// The last cause of an error. The causes before it only say that reading failed.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

impl Raw {
    fn text(self) -> Answer<String> {
        String::from_utf8(self.bytes.into()).map_err(|_| ApiError::bad_request("the body is not UTF-8 text"))
    }

    /// Refuses a media type that is not in `allowed`. A body without a media type is accepted.
    fn expect(&self, allowed: &[&str]) -> Answer<()> {
        match &self.media_type {
            Some(kind) if !allowed.contains(&kind.as_str()) => Err(ApiError::unsupported(format!(
                "Content type [{kind}] not allowed. Allowed types: [{}]",
                allowed.join(", ")
            ))),
            _ => Ok(()),
        }
    }
}

/// A JSON body. A valid JSON text of the wrong shape gets 422, other text gets 400.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let raw = Raw::from_request(request, state).await?;
        raw.expect(&["application/json"])?;
        if raw.bytes.is_empty() {
            return Err(ApiError::bad_request("Required body is missing: send JSON"));
        }
        match serde_json::from_slice(&raw.bytes) {
            Ok(value) => Ok(Self(value)),
            Err(error) if error.is_data() => {
                Err(ApiError::argument(format!("the JSON of the body has a wrong form: {error}")))
            }
            Err(error) => Err(ApiError::bad_request(format!("the body is not JSON: {error}"))),
        }
    }
}

/// A YAML body: the source of one or more flows. JSON is accepted, because JSON is also YAML.
pub(crate) struct YamlBody(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for YamlBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let raw = Raw::from_request(request, state).await?;
        raw.expect(&[
            "application/x-yaml",
            "application/yaml",
            "text/yaml",
            "text/x-yaml",
            "text/plain",
            "application/json",
        ])?;
        let text = raw.text()?;
        if text.trim().is_empty() {
            return Err(ApiError::bad_request("Required body is missing: send the YAML source of a flow"));
        }
        Ok(Self(text))
    }
}

/// A body of UTF-8 text.
pub(crate) struct TextBody(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for TextBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let raw = Raw::from_request(request, state).await?;
        raw.expect(&["text/plain", "application/json", "application/x-www-form-urlencoded"])?;
        raw.text().map(Self)
    }
}
