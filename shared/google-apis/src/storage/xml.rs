//! Paths such as `/bucket/object`, as the XML API has them: clients read, write and list with them, and signed addresses
//! are such paths.

use super::conditions::{Conditions, missing};
use super::objects::{Entry, Listed, find};
use super::resource::etag;
use super::upload::About;
use super::{Parameters, Storage, buckets, download};
use crate::refusal::Refusal;
use crate::uploads::Spooled;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use segue_ports::object::ObjectAttributes;
use std::sync::Arc;

/// Headers with this prefix are the metadata of an object.
const METADATA: &str = "x-goog-meta-";
/// The number of objects of a page.
const PAGE: usize = 1000;

type Named = Path<(String, String)>;

/// Sends an object.
pub(super) async fn show(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Named,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let address = storage.address(&bucket, &object)?;
    let conditions = conditions(&parameters, &headers)?;
    download::send(&storage, &address, conditions, &headers).await
}

/// Conditions are in headers here.
fn conditions(parameters: &Parameters, headers: &HeaderMap) -> Result<Conditions, Refusal> {
    let mut named: Parameters =
        parameters.iter().filter(|(name, _)| *name == "generation").map(own).collect();
    for (header, parameter) in [
        ("x-goog-if-generation-match", "ifGenerationMatch"),
        ("x-goog-if-metageneration-match", "ifMetagenerationMatch"),
    ] {
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        named.extend(value.map(|value| (parameter.to_owned(), value.to_owned())));
    }
    Conditions::read(&named)
}

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// Writes an object.
pub(super) async fn write(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Named,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if headers.contains_key("x-goog-copy-source") {
        return Err(Refusal::unsupported("x-goog-copy-source"));
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let metadata = headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().strip_prefix(METADATA)?.to_owned(), value.to_str().ok()?.to_owned()))
    });
    let about = About {
        address: storage.address(&bucket, &object)?,
        attributes: ObjectAttributes {
            content_type: text(CONTENT_TYPE),
            content_encoding: text(CONTENT_ENCODING),
            content_disposition: text(CONTENT_DISPOSITION),
            cache_control: text(CACHE_CONTROL),
            metadata: metadata.collect(),
        },
        conditions: conditions(&parameters, &headers)?,
        crc32c: None,
        md5: text(HeaderName::from_static("content-md5")),
    };
    if storage.objects.bucket(&bucket).await?.is_none() {
        return Err(buckets::missing());
    }
    let mut file = Spooled::new(storage.uploads.folder())?;
    file.fill(body.into_data_stream(), 0).await?;
    let (info, sums) = storage.keep(about.with_sums_in(&headers), file.finish().await?).await?;
    let hash = format!("crc32c={},md5={}", sums.crc32c, sums.md5);
    let generation = info.generation.to_string();
    let answer = [
        (ETAG, format!("\"{}\"", etag(&info))),
        (HeaderName::from_static("x-goog-hash"), hash),
        (HeaderName::from_static("x-goog-generation"), generation),
    ];
    Ok((answer, ()).into_response())
}

/// Removes an object.
pub(super) async fn delete(
    State(storage): State<Arc<Storage>>,
    Path((bucket, object)): Named,
) -> Result<StatusCode, Refusal> {
    let address = storage.address(&bucket, &object)?;
    let _alone = storage.locks.of(&address).await;
    if storage.objects.delete(&address).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(missing(&address))
}

/// Lists a bucket.
pub(super) async fn list(
    State(storage): State<Arc<Storage>>,
    Path(bucket): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Refusal> {
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let after = if text("marker").is_empty() { text("continuation-token") } else { text("marker") };
    let most = parameters.get("max-keys").and_then(|text| text.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let Listed { entries, last } = find(&storage, &bucket, &parameters, after, most).await?;
    let mut xml = String::from(
        "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>",
    );
    xml.push_str(&format!("<Name>{}</Name><Prefix>{}</Prefix>", escaped(&bucket), escaped(text("prefix"))));
    xml.push_str(&format!("<IsTruncated>{}</IsTruncated>", last.is_some()));
    if let Some(last) = last {
        xml.push_str(&format!(
            "<NextMarker>{0}</NextMarker><NextContinuationToken>{0}</NextContinuationToken>",
            escaped(&last)
        ));
    }
    for entry in entries {
        match entry {
            Entry::Object(info) => xml.push_str(&format!(
                "<Contents><Key>{}</Key><Generation>{}</Generation><LastModified>{}</LastModified><ETag>\"{}\"</ETag>\
                 <Size>{}</Size></Contents>",
                escaped(&info.address.key),
                info.generation,
                info.updated,
                etag(&info),
                info.size
            )),
            Entry::Prefix(prefix) => {
                xml.push_str(&format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escaped(&prefix)));
            }
        }
    }
    xml.push_str("</ListBucketResult>");
    Ok(([(CONTENT_TYPE, "application/xml; charset=UTF-8")], xml).into_response())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&apos;")
        .replace('"', "&quot;")
}
