//! Answers with the headers that protect the pages and let a browser keep them.

use crate::encoding::Encoding;
use crate::files::File;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use std::borrow::Cow;
use std::fmt::Write as _;

/// What a page may do: its own scripts, styles and requests, and nothing of another origin. Scripts cannot write HTML
/// except through the policy of Svelte, which writes the compiled templates. A second policy lets the pages start their
/// shared worker.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
     require-trusted-types-for 'script'; trusted-types svelte-trusted-html segue-worker";

/// The headers of every answer.
const GUARDS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Shown in place of the pages, if the program was built without them.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Segue</title>\
     <h1>Segue runs, without its web pages</h1>\
     <p>This program was built without the pages. The API and the command line work.\
     <p>To get the pages, install Node.js with npm, and build again with <code>make build</code>.\
     <p><a href=/api/v1/openapi.json>The description of the API</a></html>";

/// Answers with a file, or with 304 if the browser has it.
pub(crate) fn file(file: &File, request: &HeaderMap) -> Response {
    let tag = tag(file);
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let is_known = known.flat_map(|line| line.split(',')).any(|one| matches(one.trim(), &tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => content(file),
    };
    let keep = if file.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    guarded(response)
}

/// The page that says that there are no pages.
pub(crate) fn not_built() -> Response {
    guarded(Html(NOT_BUILT).into_response())
}

/// A file of another build, for example a script that a page from before an update asks for.
pub(crate) fn missing() -> Response {
    guarded(
        (StatusCode::NOT_FOUND, "this file belongs to another version: load the page again").into_response(),
    )
}

fn content(file: &File) -> Response {
    let bytes = match &file.embedded.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::copy_from_slice(bytes),
    };
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(&file.name)));
    if file.encoding != Encoding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(file.encoding.name()));
    }
    response
}

fn guarded(mut response: Response) -> Response {
    for (name, value) in GUARDS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The tag of a file in its form: the beginning of the hash of its stored bytes.
fn tag(file: &File) -> String {
    let mut tag = String::from("\"");
    for byte in file.embedded.metadata.sha256_hash().iter().take(12) {
        // Writing to a text cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn matches(given: &str, tag: &str) -> bool {
    given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag
}

/// The media type by the end of the name. The build writes no other kinds.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}
