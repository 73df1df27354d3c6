//! The bytes of objects, whole or a range of them.

use super::conditions::Conditions;
use super::resource::{BYTES, etag};
use super::{Parameters, Storage};
use crate::refusal::Refusal;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use segue_ports::object::{ObjectAddress, ObjectInfo};
use std::sync::Arc;

/// `objects.get` with the bytes.
pub(super) async fn media(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let address = storage.address(&bucket, &object)?;
    send(&storage, &address, Conditions::read(&parameters)?, &headers).await
}

/// Sends an object, or the range that the client asks for.
pub(super) async fn send(
    storage: &Storage,
    address: &ObjectAddress,
    conditions: Conditions,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let current = conditions.check_read(storage.objects.head(address).await?, address)?;
    let sums = storage.sums_of(&current).await?;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let wanted = Range::read(range, current.size)?;
    let (first, length) = wanted.map_or((0, current.size), |range| (range.first, range.length));
    let (info, bytes) = storage.objects.get_range(address, first, length).await?;
    if info.generation != current.generation {
        return Err(Refusal::new("backendError", "the object was replaced while it was read; try again"));
    }
    let mut response = Body::from_stream(bytes).into_response();
    let answer = response.headers_mut();
    describe(answer, &info);
    set(answer, header::CONTENT_LENGTH, &length.to_string());
    if let Some(sums) = sums {
        set(answer, HASH, &format!("crc32c={},md5={}", sums.crc32c, sums.md5));
    }
    if let Some(Range { first, length }) = wanted {
        let last = first + length.saturating_sub(1);
        set(answer, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{}", info.size));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

const HASH: HeaderName = HeaderName::from_static("x-goog-hash");

/// A value that cannot be in a header is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The headers that describe an object.
pub(super) fn describe(headers: &mut HeaderMap, info: &ObjectInfo) {
    let attributes = &info.attributes;
    set(headers, header::CONTENT_TYPE, attributes.content_type.as_deref().unwrap_or(BYTES));
    for (name, value) in [
        (header::CONTENT_ENCODING, &attributes.content_encoding),
        (header::CONTENT_DISPOSITION, &attributes.content_disposition),
        (header::CACHE_CONTROL, &attributes.cache_control),
    ] {
        if let Some(value) = value {
            set(headers, name, value);
        }
    }
    let encoding = attributes.content_encoding.as_deref().unwrap_or("identity");
    let stored = [
        ("x-goog-generation", info.generation.to_string()),
        ("x-goog-metageneration", "1".to_owned()),
        ("x-goog-storage-class", "STANDARD".to_owned()),
        ("x-goog-stored-content-encoding", encoding.to_owned()),
        ("x-goog-stored-content-length", info.size.to_string()),
    ];
    for (name, value) in stored {
        set(headers, HeaderName::from_static(name), &value);
    }
    set(headers, header::ACCEPT_RANGES, "bytes");
    set(headers, header::ETAG, &format!("\"{}\"", etag(info)));
    set(headers, header::LAST_MODIFIED, &info.updated.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    // A browser that opens the address must not run a page of the object, or guess that it is one.
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::CONTENT_SECURITY_POLICY, "sandbox");
}

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u64,
    length: u64,
}

impl Range {
    /// Reads `bytes=0-9`, `bytes=10-` or `bytes=-5` for an object of this size. None if all of it is wanted.
    fn read(header: Option<&str>, size: u64) -> Result<Option<Self>, Refusal> {
        let Some((first, last)) = header.and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
            return Ok(None);
        };
        let refused = || {
            Refusal::new(
                "requestedRangeNotSatisfiable",
                format!("the range is outside of the object of {size} bytes"),
            )
        };
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| refused());
        let (first, last) = match (first.trim(), last.trim()) {
            ("", last) => (size.saturating_sub(number(last)?), size),
            (first, "") => (number(first)?, size),
            (first, last) => (number(first)?, number(last)?.saturating_add(1).min(size)),
        };
        if first >= size || first >= last {
            return Err(refused());
        }
        Ok(Some(Self { first, length: last - first }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let range = |text: &str| {
            Range::read(Some(text), 10).map(|range| range.map(|range| (range.first, range.length)))
        };
        assert_eq!(range("bytes=0-3").unwrap(), Some((0, 4)));
        assert_eq!(range("bytes=4-").unwrap(), Some((4, 6)));
        assert_eq!(range("bytes=-3").unwrap(), Some((7, 3)));
        assert_eq!(range("bytes=8-100").unwrap(), Some((8, 2)));
        assert_eq!(range("items=1-2").unwrap(), None);
        for outside in ["bytes=10-", "bytes=11-12", "bytes=5-4", "bytes=-0", "bytes=x-1"] {
            assert!(range(outside).is_err(), "{outside}");
        }
        assert!(Range::read(Some("bytes=0-0"), 0).is_err());
    }
}
