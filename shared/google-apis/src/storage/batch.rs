//! Several requests in one: each part of the body is a request, and each part of the answer is its answer.

use crate::refusal::Refusal;
use crate::uploads::{Part, parts};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use segue_ports::random_name;
use tower::ServiceExt as _;

/// The largest number of requests in a batch. Google takes 100.
const MOST: usize = 1000;
/// The largest batch, and the largest answer to one of its requests, in bytes.
const LARGEST: usize = 16 << 20;

/// Runs the requests of a batch one after another.
pub(super) async fn run(router: Router, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let body = axum::body::to_bytes(body, LARGEST).await;
    let body = body.map_err(|error| Refusal::invalid(format!("the batch cannot be read: {error}")))?;
    let parts = parts(&headers, &body)?;
    if parts.len() > MOST {
        return Err(Refusal::invalid(format!("a batch has at most {MOST} requests")));
    }
    let boundary = format!("batch_{}", random_name());
    let mut answer = Vec::new();
    for part in parts {
        let id = part.header("content-id").map(str::to_owned);
        let request = request(&part, &headers)?;
        let response = router.clone().oneshot(request).await.into_response();
        answer.extend_from_slice(format!("--{boundary}\r\nContent-Type: application/http\r\n").as_bytes());
        if let Some(id) = id {
            let id = id.trim_start_matches('<');
            let open = if id.ends_with('>') { "<" } else { "" };
            answer.extend_from_slice(format!("Content-ID: {open}response-{id}\r\n").as_bytes());
        }
        answer.extend_from_slice(b"\r\n");
        write(&mut answer, response).await?;
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(([(CONTENT_TYPE, format!("multipart/mixed; boundary={boundary}"))], answer).into_response())
}

/// Reads a request: its line, its headers, an empty line, and its body.
fn request(part: &Part<'_>, outer: &HeaderMap) -> Result<Request, Refusal> {
    let text = String::from_utf8_lossy(part.body).replace("\r\n", "\n");
    let (head, body) = text.trim_start().split_once("\n\n").unwrap_or((text.trim(), ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split_whitespace();
    let wrong = || Refusal::invalid("a part of the batch is no request");
    let method: Method = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
    let target = words.next().ok_or_else(wrong)?;
    // Some clients write the whole address. The door has checked the host of the batch.
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    };
    let path = path.strip_prefix(crate::door::prefix(outer)).unwrap_or(path);
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        // The body has the length that it has.
        if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host") {
            request = request.header(name.trim(), value.trim());
        }
    }
    if let Some(host) = outer.get(HOST) {
        request = request.header(HOST, host);
    }
    request.body(Body::from(body.trim_end_matches('\n').to_owned())).map_err(|_| wrong())
}

async fn write(answer: &mut Vec<u8>, response: Response) -> Result<(), Refusal> {
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await;
    let body = body.map_err(|error| Refusal::new("internalError", error.to_string()))?;
    let reason = head.status.canonical_reason().unwrap_or_default();
    answer.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", head.status.as_u16()).as_bytes());
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != "content-length") {
        answer.extend_from_slice(format!("{name}: ").as_bytes());
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    answer.extend_from_slice(&body);
    Ok(())
}
