//! Buckets and objects. Segue's own: Kestra has no such answers.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// The name.
    pub name: String,
    /// The location, such as `EU`. Absent if the platform has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The storage class of new objects, such as `STANDARD`.
    pub storage_class: String,
    /// The labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The date of creation.
    pub created: Timestamp,
    /// Whether Segue keeps the files of executions here. These files are changed by executions only.
    pub is_internal: bool,
}

/// An object in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketObject {
    /// The key, without a leading slash.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The media type that the writer set. Absent if the writer set none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The encoding that the writer set, such as `gzip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// The date on which this content was written.
    pub updated: Timestamp,
    /// A number that changes when the object is replaced.
    pub generation: u64,
    /// Further keys and values that the writer set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// A part of the objects of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketObjects {
    /// The prefixes that contain more objects, each with a slash at its end.
    pub prefixes: Vec<String>,
    /// The objects, in order of their keys.
    pub objects: Vec<BucketObject>,
    /// The value of `from` for the next part. Absent after the last part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How much is below a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketTotal {
    /// The number of objects.
    pub objects: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
}
