//! Reads a form part by part. A file is streamed, and is never in memory as a whole.

use super::body::{LARGEST_BODY, media_type, too_large};
use crate::error::{Answer, ApiError};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use futures::StreamExt as _;
use multer::{Field, Multipart};
use segue_ports::PortError;
use segue_ports::object::ByteStream;
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file, in bytes.
const LARGEST_FILE: u64 = 16 * 1024 * 1024 * 1024;
/// The largest number of parts.
const MOST_PARTS: usize = 1000;

/// A form that is read part by part.
pub(crate) struct Form {
    source: Source,
    parts: usize,
}

enum Source {
    Parts(Box<Multipart<'static>>),
    Pairs(std::vec::IntoIter<(String, String)>),
}

/// One part of a form: a text value or a file.
pub(crate) struct Part {
    pub(crate) name: String,
    /// The name of the file. None if the part is not a file.
    pub(crate) file_name: Option<String>,
    content: Content,
}

enum Content {
    Text(String),
    Field(Box<Field<'static>>),
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        let kind = media_type(request.headers());
        let source = match kind.as_deref() {
            Some("multipart/form-data") => {
                let header = request.headers().get(header::CONTENT_TYPE);
                let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
                let boundary = multer::parse_boundary(header).map_err(|error| malformed(&error))?;
                Source::Parts(Box::new(Multipart::new(request.into_body().into_data_stream(), boundary)))
            }
            None | Some("application/x-www-form-urlencoded") => {
                let bytes = to_bytes(request.into_body(), LARGEST_BODY)
                    .await
                    .map_err(|_| too_large("the form was interrupted, or it"))?;
                if kind.is_none() && !bytes.is_empty() {
                    return Err(not_a_form("without a content type"));
                }
                let pairs: Vec<_> = url::form_urlencoded::parse(&bytes).into_owned().collect();
                Source::Pairs(pairs.into_iter())
            }
            Some(other) => {
                let bytes = to_bytes(request.into_body(), 1).await;
                if bytes.is_ok_and(|bytes| bytes.is_empty()) {
                    Source::Pairs(Vec::new().into_iter())
                } else {
                    return Err(not_a_form(&format!("of type [{other}]")));
                }
            }
        };
        Ok(Self { source, parts: 0 })
    }
}

fn not_a_form(what: &str) -> ApiError {
    ApiError::unsupported(format!(
        "a body {what} is not accepted here; send multipart/form-data, with one part for each value"
    ))
}

fn malformed(error: &multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            ApiError::too_large(format!("the form is too large: {error}"))
        }
        other => ApiError::bad_request(format!("the multipart form cannot be read: {other}")),
    }
}

impl Form {
    /// Reads the next part, and skips the unread rest of the last part. None after the last part.
    pub(crate) async fn next(&mut self) -> Answer<Option<Part>> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(ApiError::too_large(format!("the form has more than {MOST_PARTS} parts")));
        }
        match &mut self.source {
            Source::Pairs(pairs) => Ok(pairs.next().map(|(name, value)| Part {
                name,
                file_name: None,
                content: Content::Text(value),
            })),
            Source::Parts(parts) => {
                let Some(field) = parts.next_field().await.map_err(|error| malformed(&error))? else {
                    return Ok(None);
                };
                let name = field.name().unwrap_or_default().to_owned();
                if name.is_empty() {
                    return Err(ApiError::bad_request("a part of the multipart form has no name"));
                }
                let file_name = field.file_name().map(str::to_owned);
                Ok(Some(Part { name, file_name, content: Content::Field(Box::new(field)) }))
            }
        }
    }
}

impl Part {
    /// The media type that the sender gave the part. None if it gave none.
    pub(crate) fn content_type(&self) -> Option<String> {
        match &self.content {
            Content::Text(_) => None,
            Content::Field(field) => field.content_type().map(ToString::to_string),
        }
    }

    /// Reads the part as UTF-8 text of at most [`LARGEST_BODY`] bytes.
    pub(crate) async fn text(self) -> Answer<String> {
        let name = self.name;
        match self.content {
            Content::Text(text) => Ok(text),
            Content::Field(mut field) => {
                let mut bytes = Vec::new();
                while let Some(chunk) = field.chunk().await.map_err(|error| malformed(&error))? {
                    if bytes.len() + chunk.len() > LARGEST_BODY {
                        return Err(too_large(format_args!("the part '{name}'")));
                    }
                    bytes.extend_from_slice(&chunk);
                }
                String::from_utf8(bytes)
                    .map_err(|_| ApiError::bad_request(format!("the part '{name}' is not UTF-8 text")))
            }
        }
    }

    /// The part as a stream. [`Fault`] holds the reason if the stream fails.
    pub(crate) fn stream(self) -> (ByteStream, Fault) {
        let fault = Fault::default();
        let stream: ByteStream = match self.content {
            Content::Text(text) => Box::pin(futures::stream::once(async move { Ok(text.into()) })),
            Content::Field(field) => {
                let told = fault.clone();
                let mut size = 0_u64;
                Box::pin(field.map(move |chunk| {
                    let chunk = chunk.map_err(|error| malformed(&error)).and_then(|chunk| {
                        size = size.saturating_add(chunk.len() as u64);
                        if size > LARGEST_FILE {
                            return Err(ApiError::too_large("a file is larger than 16 GiB"));
                        }
                        Ok(chunk)
                    });
                    chunk.map_err(|error| {
                        let port = PortError::invalid(error.message());
                        told.tell(error);
                        port
                    })
                }))
            }
        };
        (stream, fault)
    }
}

/// Why the stream of a part failed. The store that reads the stream reports only that it failed.
#[derive(Clone, Default)]
pub(crate) struct Fault(Arc<Mutex<Option<ApiError>>>);

impl Fault {
    fn tell(&self, error: ApiError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// The error of the stream. `error`, which comes from the store, if the stream did not fail.
    pub(crate) fn or(&self, error: PortError) -> ApiError {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        told.unwrap_or_else(|| error.into())
    }
}
