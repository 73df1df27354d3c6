//! The description of an object in flows.

use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::object::{ObjectAddress, ObjectInfo};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An object, or a folder: a prefix that contains objects and ends with a slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    /// `gs://bucket/name`.
    pub uri: String,
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub name: String,
    /// `bucket/name/generation`.
    pub generated_id: String,
    /// The size in bytes.
    pub size: u64,
    /// Whether it is a folder.
    #[serde(rename = "isDirectory")]
    pub is_directory: bool,
    /// `text/csv`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `gzip`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `attachment; …`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `no-store`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// A number that changes with every replacement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The time this generation was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,
    /// The time of the last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,
    /// Any keys and values.
    #[serde(default)]
    pub metadata: BTreeMap<String, Json>,
}

impl Blob {
    /// Describes an object.
    pub fn from_info(info: ObjectInfo) -> Self {
        let ObjectInfo { address, size, generation, updated, attributes } = info;
        Self {
            uri: address.to_string(),
            generated_id: format!("{}/{}/{generation}", address.bucket, address.key),
            bucket: address.bucket,
            name: address.key,
            size,
            is_directory: false,
            content_type: attributes.content_type,
            content_encoding: attributes.content_encoding,
            content_disposition: attributes.content_disposition,
            cache_control: attributes.cache_control,
            generation: Some(generation),
            create_time: Some(updated.to_string()),
            update_time: Some(updated.to_string()),
            metadata: attributes.metadata.into_iter().map(|(key, value)| (key, value.into())).collect(),
        }
    }

    /// Describes a folder.
    pub fn folder(bucket: &str, prefix: &str) -> Self {
        Self {
            uri: ObjectAddress::new(bucket, prefix).to_string(),
            bucket: bucket.to_owned(),
            name: prefix.to_owned(),
            generated_id: format!("{bucket}/{prefix}"),
            size: 0,
            is_directory: true,
            content_type: None,
            content_encoding: None,
            content_disposition: None,
            cache_control: None,
            generation: None,
            create_time: None,
            update_time: None,
            metadata: BTreeMap::new(),
        }
    }

    /// The address of the object.
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(&self.bucket, &self.name)
    }
}
