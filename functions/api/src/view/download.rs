//! Files as answers.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use segue_files::path::last_part;
use segue_ports::object::ByteStream;

/// A file as a download, named as the last part of `path`. The answer does not say how large it is: over HTTP/1, Cloud
/// Run refuses a declared size above 32 MiB, and passes on any size in chunks.
pub(crate) fn file(path: &str, stream: ByteStream) -> Response {
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // No browser may run the content.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let plain: String = last_part(path)
        .chars()
        .map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' })
        .collect();
    let coded = percent_encoding::utf8_percent_encode(last_part(path), percent_encoding::NON_ALPHANUMERIC);
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{coded}");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
