//! The object store: buckets, and objects that are written once and replaced whole.

use crate::credentials::Credentials;
use crate::error::PortError;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Bytes that arrive piece by piece.
pub type ByteStream = BoxStream<'static, Result<Bytes, PortError>>;

/// Where an object is: `gs://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectAddress {
    /// The bucket.
    pub bucket: String,
    /// The key, without a leading slash.
    pub key: String,
}

impl ObjectAddress {
    /// The address of an object.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }

    /// Reads `gs://bucket/key`; the key may be empty.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for anything else.
    pub fn parse(uri: &str) -> Result<Self, PortError> {
        let rest = uri.strip_prefix("gs://").ok_or_else(|| {
            PortError::invalid(format!("'{uri}' is not a bucket address; write gs://<bucket>/<object>"))
        })?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(PortError::invalid(format!("'{uri}' names no bucket; write gs://<bucket>/<object>")));
        }
        Ok(Self::new(bucket, key))
    }
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs://{}/{}", self.bucket, self.key)
    }
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectInfo {
    /// Where it is.
    pub address: ObjectAddress,
    /// Bytes.
    pub size: u64,
    /// Changes with every replacement.
    pub generation: u64,
    /// When this generation was written.
    pub updated: Timestamp,
    /// What the writer said of it.
    pub attributes: ObjectAttributes,
}

/// What a writer says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectAttributes {
    /// `text/csv`, …
    pub content_type: Option<String>,
    /// `gzip`, …
    pub content_encoding: Option<String>,
    /// `attachment; …`
    pub content_disposition: Option<String>,
    /// `no-store`, …
    pub cache_control: Option<String>,
    /// Free pairs.
    pub metadata: BTreeMap<String, String>,
}

/// What is known of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// `EU`, `us-central1`, …
    pub location: Option<String>,
    /// `STANDARD`, …
    pub storage_class: Option<String>,
    /// Free pairs.
    pub labels: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A bucket as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketSpec {
    /// Its name, by Google's rules: 3 to 63 of `a-z 0-9 - _ .`.
    pub name: String,
    /// Where.
    pub location: Option<String>,
    /// How.
    pub storage_class: Option<String>,
    /// Free pairs.
    pub labels: BTreeMap<String, String>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects, in order of their keys.
    pub objects: Vec<ObjectInfo>,
    /// With a delimiter: the prefixes under which there is more, each ending with it.
    pub prefixes: Vec<String>,
}

/// Buckets and objects. Every write is atomic: an object is there whole or not at all.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// The same store as somebody else; none where that makes no difference.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for credentials that cannot be read.
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn ObjectStore>>, PortError> {
        let _everybody_is_the_same = credentials;
        Ok(None)
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// [`PortError::AlreadyExists`], [`PortError::Invalid`] for a name that is not allowed.
    async fn create_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError>;

    /// Changes location, class and labels of a bucket.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn update_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError>;

    /// What is known of a bucket, none where there is no such bucket.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn bucket(&self, name: &str) -> Result<Option<BucketInfo>, PortError>;

    /// Removes an empty bucket.
    ///
    /// # Errors
    /// [`PortError::NotFound`]; [`PortError::Invalid`] when it is not empty.
    async fn delete_bucket(&self, name: &str) -> Result<(), PortError>;

    /// Writes an object from a stream.
    ///
    /// # Errors
    /// [`PortError::NotFound`] for the bucket; an error of the stream as it is.
    async fn put(
        &self,
        address: &ObjectAddress,
        bytes: ByteStream,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError>;

    /// Writes an object from a local file and takes the file away: a rename where that is possible.
    ///
    /// # Errors
    /// [`PortError::NotFound`] for the bucket or the file.
    async fn put_file(
        &self,
        address: &ObjectAddress,
        file: &Path,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError>;

    /// Reads an object.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn get(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ByteStream), PortError>;

    /// Reads an object into a local file that may be changed afterwards: a copy, never a link.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn get_file(&self, address: &ObjectAddress, file: &Path) -> Result<ObjectInfo, PortError>;

    /// What is known of an object, none where there is no such object.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn head(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError>;

    /// The objects whose keys begin with `prefix`; with `delimiter` those beyond it are folded.
    ///
    /// # Errors
    /// [`PortError::NotFound`] for the bucket.
    async fn list(&self, bucket: &str, prefix: &str, delimiter: Option<char>) -> Result<Listing, PortError>;

    /// Removes an object; false where there was none.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn delete(&self, address: &ObjectAddress) -> Result<bool, PortError>;

    /// Copies an object inside the store; no bytes pass through the caller.
    ///
    /// # Errors
    /// [`PortError::NotFound`] for the source or a bucket.
    async fn copy(
        &self,
        from: &ObjectAddress,
        to: &ObjectAddress,
        attributes: Option<ObjectAttributes>,
    ) -> Result<ObjectInfo, PortError>;
}

/// Checks the name of a bucket by Google's rules: 3 to 63 of `a-z 0-9 - _ .`, a letter or digit at both ends.
///
/// # Errors
/// [`PortError::Invalid`] for any other name.
pub fn check_bucket_name(name: &str) -> Result<(), PortError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let allowed = (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| plain(*byte) || matches!(byte, b'-' | b'_' | b'.'))
        && bytes.first().is_some_and(|byte| plain(*byte))
        && bytes.last().is_some_and(|byte| plain(*byte))
        && !name.contains("..")
        && !name.starts_with("goog")
        && !name.contains("google")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if allowed {
        return Ok(());
    }
    Err(PortError::invalid(format!(
        "'{}' is not the name of a bucket: 3 to 63 lower-case letters, digits, '-', '_' and '.', beginning and \
         ending with a letter or digit, not an IP address, without 'google'",
        name.escape_debug()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_are_googles() {
        for name in ["abc", "a-b_c.d", "zoomcamp-data", "0a0", "segue-internal"] {
            assert!(check_bucket_name(name).is_ok(), "{name:?}");
        }
        for name in ["ab", ".meta", "a/b", "../x", "A-b", "1.2.3.4", "my-google-data", "ends-"] {
            assert!(check_bucket_name(name).is_err(), "{name:?}");
        }
    }
}
