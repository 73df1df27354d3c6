//! Buckets and objects in the format of the JSON API.

use crate::uploads::Sums;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use segue_ports::object::{BucketInfo, ObjectAttributes, ObjectInfo};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The media type of an object without one.
pub(super) const BYTES: &str = "application/octet-stream";
/// What is encoded in a name in an address.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A name as one part of a path.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, IN_PATH).to_string()
}

/// The address of this server, as the client wrote it.
pub(super) fn own_address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}{}", crate::door::prefix(headers))
}

/// A bucket.
pub(super) fn bucket(info: &BucketInfo, own: &str) -> Value {
    let class = info.storage_class.as_deref().unwrap_or("STANDARD");
    json!({
        "kind": "storage#bucket",
        "id": info.name,
        "name": info.name,
        "selfLink": format!("{own}/storage/v1/b/{}", info.name),
        "projectNumber": "1",
        "generation": generation(info.created),
        "metageneration": "1",
        "location": info.location.as_deref().unwrap_or("US").to_uppercase(),
        "locationType": "multi-region",
        "storageClass": class,
        "etag": "CAE=",
        "timeCreated": time(info.created),
        "updated": time(info.updated),
        "labels": info.labels,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}, "publicAccessPrevention": "inherited"},
    })
}

fn generation(at: jiff::Timestamp) -> String {
    at.as_microsecond().to_string()
}

/// A time with milliseconds, as Google writes it. `gcloud storage` complains about more digits.
fn time(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}

/// The tag of a generation.
pub(super) fn etag(info: &ObjectInfo) -> String {
    STANDARD.encode(info.generation.to_be_bytes())
}

/// An object. Without `sums`, its checksums are left out.
pub(super) fn object(info: &ObjectInfo, sums: Option<&Sums>, own: &str) -> Value {
    let (bucket, name) = (&info.address.bucket, &info.address.key);
    let link = format!("{own}/storage/v1/b/{bucket}/o/{}", encoded(name));
    let media = format!(
        "{own}/download/storage/v1/b/{bucket}/o/{}?generation={}&alt=media",
        encoded(name),
        info.generation
    );
    let updated = time(info.updated);
    let attributes = &info.attributes;
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    set("kind", json!("storage#object"));
    set("id", json!(format!("{bucket}/{name}/{}", info.generation)));
    set("selfLink", json!(link));
    set("mediaLink", json!(media));
    set("name", json!(name));
    set("bucket", json!(bucket));
    set("generation", json!(info.generation.to_string()));
    set("metageneration", json!("1"));
    set("contentType", json!(attributes.content_type.as_deref().unwrap_or(BYTES)));
    set("storageClass", json!("STANDARD"));
    set("size", json!(info.size.to_string()));
    set("etag", json!(etag(info)));
    set("timeCreated", json!(updated));
    set("updated", json!(updated));
    set("timeStorageClassUpdated", json!(updated));
    if let Some(sums) = sums {
        set("crc32c", json!(sums.crc32c));
        set("md5Hash", json!(sums.md5));
    }
    for (name, value) in [
        ("contentEncoding", &attributes.content_encoding),
        ("contentDisposition", &attributes.content_disposition),
        ("cacheControl", &attributes.cache_control),
    ] {
        if let Some(value) = value {
            set(name, json!(value));
        }
    }
    if !attributes.metadata.is_empty() {
        set("metadata", json!(attributes.metadata));
    }
    Value::Object(object)
}

/// The attributes in a description, on top of known ones. A value of null removes an attribute.
pub(super) fn attributes(body: &Value, known: ObjectAttributes) -> ObjectAttributes {
    let text = |name: &str, known: Option<String>| match body.get(name) {
        None => known,
        Some(value) => value.as_str().map(str::to_owned),
    };
    let metadata = match body.get("metadata") {
        None => known.metadata,
        Some(Value::Object(changes)) => {
            let mut metadata = known.metadata;
            for (name, value) in changes {
                match value {
                    Value::Null => drop(metadata.remove(name)),
                    Value::String(text) => drop(metadata.insert(name.clone(), text.clone())),
                    other => drop(metadata.insert(name.clone(), other.to_string())),
                }
            }
            metadata
        }
        Some(_) => BTreeMap::new(),
    };
    ObjectAttributes {
        content_type: text("contentType", known.content_type),
        content_encoding: text("contentEncoding", known.content_encoding),
        content_disposition: text("contentDisposition", known.content_disposition),
        cache_control: text("cacheControl", known.cache_control),
        metadata,
    }
}
