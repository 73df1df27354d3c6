//! The body of a request: a text, a URL-encoded form, or parts with files streamed from internal storage.

use crate::properties::Common;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, RequestBuilder};
use segue_model::{Json, Map};
use segue_ports::InternalStorage;
use segue_task::{TaskContext, TaskError};

/// The request with its body. Header fields of the flow are not replaced.
///
/// # Errors
/// [`TaskError`] when a file cannot be read.
pub async fn with_body(
    builder: RequestBuilder,
    common: &Common,
    context: &TaskContext,
) -> Result<RequestBuilder, TaskError> {
    if let Some(form) = &common.form_data {
        if common.content_type.as_deref() == Some("multipart/form-data") {
            return Ok(builder.multipart(parts(form, context).await?));
        }
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in form {
            encoded.append_pair(name, &text(value));
        }
        return Ok(typed(builder, common, "application/x-www-form-urlencoded").body(encoded.finish()));
    }
    let Some(body) = common.body.as_ref().filter(|body| !body.is_null()) else { return Ok(builder) };
    let kind = common.content_type.as_deref().unwrap_or("application/json");
    let kind = if kind.contains("charset") { kind.to_owned() } else { format!("{kind}; charset=UTF-8") };
    Ok(typed(builder, common, &kind).body(text(body)))
}

fn typed(builder: RequestBuilder, common: &Common, kind: &str) -> RequestBuilder {
    let given = common.headers.keys().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    if given { builder } else { builder.header(CONTENT_TYPE, kind) }
}

async fn parts(form: &Map, context: &TaskContext) -> Result<Form, TaskError> {
    let mut parts = Form::new();
    for (name, value) in form {
        let part = match value {
            Json::String(uri) if InternalStorage::is_uri(uri) => file(uri, None, context).await?,
            Json::Object(fields) => match (fields.get("name"), fields.get("content")) {
                (Some(Json::String(file_name)), Some(Json::String(uri))) if InternalStorage::is_uri(uri) => {
                    file(uri, Some(file_name), context).await?
                }
                _ => Part::text(value.to_string()),
            },
            other => Part::text(text(other)),
        };
        parts = parts.part(name.clone(), part);
    }
    Ok(parts)
}

async fn file(uri: &str, name: Option<&String>, context: &TaskContext) -> Result<Part, TaskError> {
    let (info, stream) = context.storage().get(uri).await?;
    let name = name.map_or_else(|| uri.rsplit('/').next().unwrap_or_default(), String::as_str);
    let kind = info.attributes.content_type.as_deref().unwrap_or("application/octet-stream");
    Part::stream_with_length(Body::wrap_stream(stream), info.size)
        .file_name(name.to_owned())
        .mime_str(kind)
        .map_err(|error| {
            TaskError::failed(format!(
                "{uri} has the type '{kind}', which is not a valid media type: {error}"
            ))
        })
}

/// A value as it is sent: a text unchanged, anything else as JSON.
pub(crate) fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
