//! Buckets and objects as the JSON API writes them.

use super::PORT;
use jiff::Timestamp;
use segue_ports::PortError;
use segue_ports::object::{BucketInfo, ObjectAddress, ObjectAttributes, ObjectInfo};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fields requested for an object.
pub(super) const OBJECT_FIELDS: &str = "name,bucket,size,generation,updated,contentType,contentEncoding,\
                                        contentDisposition,cacheControl,metadata";

/// An object.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ObjectResource {
    name: String,
    bucket: String,
    /// 64-bit numbers are texts.
    size: String,
    generation: String,
    updated: Option<Timestamp>,
    /// The checksum of its bytes, in base64. Requested only after an upload.
    pub(super) crc32c: Option<String>,
    #[serde(flatten)]
    attributes: AttributesResource,
}

/// An object that is being uploaded.
#[derive(Debug, Serialize)]
pub(super) struct NewObject<'a> {
    pub(super) name: &'a str,
    /// Google refuses bytes with another checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32c: Option<&'a str>,
    #[serde(flatten)]
    pub(super) attributes: &'a AttributesResource,
}

/// The attributes of an object: part of an object, or the body of a copy with its own attributes.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AttributesResource {
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl AttributesResource {
    /// `text/csv`, …. None if the writer set none.
    pub(super) fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }
}

impl From<ObjectAttributes> for AttributesResource {
    fn from(said: ObjectAttributes) -> Self {
        Self {
            content_type: said.content_type,
            content_encoding: said.content_encoding,
            content_disposition: said.content_disposition,
            cache_control: said.cache_control,
            metadata: said.metadata,
        }
    }
}

fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn odd(what: &str) -> PortError {
    PortError::unavailable(PORT, format!("Cloud Storage described {what} in a way that cannot be read"))
}

impl ObjectResource {
    /// The description of the object.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if a field is missing that every object has.
    pub(super) fn info(self) -> Result<ObjectInfo, PortError> {
        let Self { name, bucket, size, generation, updated, attributes, crc32c: _ } = self;
        let address = ObjectAddress::new(bucket, name);
        let (Ok(size), Ok(generation), Some(updated)) = (size.parse(), generation.parse(), updated) else {
            return Err(odd(&address.to_string()));
        };
        let attributes = ObjectAttributes {
            content_type: said(attributes.content_type),
            content_encoding: said(attributes.content_encoding),
            content_disposition: said(attributes.content_disposition),
            cache_control: said(attributes.cache_control),
            metadata: attributes.metadata,
        };
        Ok(ObjectInfo { address, size, generation, updated, attributes })
    }
}

/// A page of a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Page {
    pub(super) items: Vec<ObjectResource>,
    pub(super) prefixes: Vec<String>,
    pub(super) next_page_token: Option<String>,
}

/// The progress of a copy.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rewrite {
    pub(super) done: bool,
    pub(super) rewrite_token: Option<String>,
    pub(super) resource: Option<ObjectResource>,
}

/// A page of a list of buckets.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BucketPage {
    pub(super) items: Vec<BucketResource>,
    pub(super) next_page_token: Option<String>,
}

/// A bucket.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BucketResource {
    name: String,
    location: Option<String>,
    storage_class: Option<String>,
    labels: BTreeMap<String, String>,
    time_created: Option<Timestamp>,
    updated: Option<Timestamp>,
    metageneration: String,
}

impl BucketResource {
    /// The description of the bucket, and the number of its last change.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if a field is missing that every bucket has.
    pub(super) fn info(self) -> Result<(BucketInfo, String), PortError> {
        let (Some(created), Some(updated)) = (self.time_created, self.updated) else {
            return Err(odd(&format!("the bucket '{}'", self.name)));
        };
        let info = BucketInfo {
            name: self.name,
            location: said(self.location),
            storage_class: said(self.storage_class),
            labels: self.labels,
            created,
            updated,
        };
        Ok((info, self.metageneration))
    }
}

/// The wanted settings of a bucket.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BucketChange<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) storage_class: Option<&'a str>,
    /// A label with null is removed.
    pub(super) labels: BTreeMap<&'a str, Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iam_configuration: Option<IamConfiguration>,
}

/// Who may read a bucket.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IamConfiguration {
    uniform_bucket_level_access: Enabled,
    public_access_prevention: &'static str,
}

#[derive(Debug, Serialize)]
struct Enabled {
    enabled: bool,
}

impl IamConfiguration {
    /// Nobody outside the project's own roles, and no rights of single objects. Many organisations refuse other buckets.
    pub(super) const CLOSED: Self =
        Self { uniform_bucket_level_access: Enabled { enabled: true }, public_access_prevention: "enforced" };
}
