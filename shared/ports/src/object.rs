//! The object store: buckets, and objects that are written once and replaced whole.

use crate::credentials::Credentials;
use crate::error::PortError;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Bytes that arrive in pieces.
pub type ByteStream = BoxStream<'static, Result<Bytes, PortError>>;

/// The address of an object: `gs://bucket/key`.
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

    /// Parses `gs://bucket/key`. The key may be empty.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for every other text.
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

/// A description of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectInfo {
    /// The bucket and the key.
    pub address: ObjectAddress,
    /// Size in bytes.
    pub size: u64,
    /// A number that changes with every replacement of the object.
    pub generation: u64,
    /// The time this generation was written.
    pub updated: Timestamp,
    /// The attributes that the writer set.
    pub attributes: ObjectAttributes,
}

/// The attributes that a writer sets on an object. None: not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectAttributes {
    /// The media type: `text/csv`, …
    pub content_type: Option<String>,
    /// The encoding: `gzip`, …
    pub content_encoding: Option<String>,
    /// The download name: `attachment; …`
    pub content_disposition: Option<String>,
    /// The caching rule: `no-store`, …
    pub cache_control: Option<String>,
    /// Any further keys and values.
    pub metadata: BTreeMap<String, String>,
}

/// A description of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// The location: `EU`, `us-central1`, …
    pub location: Option<String>,
    /// The storage class: `STANDARD`, …
    pub storage_class: Option<String>,
    /// Any keys and values.
    pub labels: BTreeMap<String, String>,
    /// The time the bucket was created.
    pub created: Timestamp,
    /// The time the bucket was last changed.
    pub updated: Timestamp,
}

/// The wanted settings of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketSpec {
    /// The name, by Google's rules: 3 to 63 of `a-z 0-9 - _ .`.
    pub name: String,
    /// The location: `EU`, `us-central1`, …. None: the platform's default.
    pub location: Option<String>,
    /// The storage class: `STANDARD`, …. None: the platform's default.
    pub storage_class: Option<String>,
    /// Any keys and values.
    pub labels: BTreeMap<String, String>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects, in order of their keys.
    pub objects: Vec<ObjectInfo>,
    /// With a delimiter: the prefixes that contain more objects, each ending with the delimiter.
    pub prefixes: Vec<String>,
}

/// A part of a listing, for lists that are shown page by page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingPage {
    /// The objects and prefixes of this part.
    pub listing: Listing,
    /// Where the next part begins, in the store's own words. None after the last part.
    pub next: Option<String>,
}

/// Buckets and objects. Every write is atomic: readers see the whole object or no object. Every method that
/// takes part in a request can also return [`PortError::Unavailable`] if the store does not answer.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// The same store with another identity. None if the identity makes no difference.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the credentials cannot be parsed.
    fn acting_as(&self, credentials: &Credentials) -> Result<Option<Arc<dyn ObjectStore>>, PortError> {
        let _everybody_is_the_same = credentials;
        Ok(None)
    }

    /// Creates a bucket.
    ///
    /// # Errors
    /// [`PortError::AlreadyExists`] if the bucket exists. [`PortError::Invalid`] if the name is not allowed.
    async fn create_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError>;

    /// Changes location, class and labels of a bucket.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the bucket does not exist.
    async fn update_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError>;

    /// The description of a bucket. None if the bucket does not exist.
    async fn bucket(&self, name: &str) -> Result<Option<BucketInfo>, PortError>;

    /// All buckets, by name.
    async fn list_buckets(&self) -> Result<Vec<BucketInfo>, PortError>;

    /// Removes an empty bucket.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the bucket does not exist. [`PortError::Invalid`] if it is not empty.
    async fn delete_bucket(&self, name: &str) -> Result<(), PortError>;

    /// Writes an object from a stream.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the bucket does not exist. An error of the stream is returned unchanged.
    async fn put(
        &self,
        address: &ObjectAddress,
        bytes: ByteStream,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError>;

    /// Writes an object from a local file and removes the file. The file is renamed if the store can do so.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the bucket or the file does not exist.
    async fn put_file(
        &self,
        address: &ObjectAddress,
        file: &Path,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError>;

    /// Reads an object.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the object does not exist.
    async fn get(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ByteStream), PortError>;

    /// Reads `length` bytes of an object from byte number `first` on. Fewer bytes arrive if the object ends before. A
    /// store that can jump to a position does so instead of reading the bytes before it.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the object does not exist.
    async fn get_range(
        &self,
        address: &ObjectAddress,
        first: u64,
        length: u64,
    ) -> Result<(ObjectInfo, ByteStream), PortError> {
        let (info, bytes) = self.get(address).await?;
        Ok((info, cut(bytes, first, length)))
    }

    /// Reads an object into a local file. The file is a copy, never a link, so the caller may change it.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the object does not exist.
    async fn get_file(&self, address: &ObjectAddress, file: &Path) -> Result<ObjectInfo, PortError>;

    /// The description of an object. None if the object does not exist.
    async fn head(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError>;

    /// The objects with keys that begin with `prefix`. With `delimiter`, keys that contain the delimiter
    /// after the prefix are folded into [`Listing::prefixes`].
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the bucket does not exist.
    async fn list(&self, bucket: &str, prefix: &str, delimiter: Option<char>) -> Result<Listing, PortError>;

    /// A part of what [`Self::list`] returns: at most `most` objects and prefixes. `from` is [`ListingPage::next`] of the
    /// part before; None for the first part. A store that can begin at a position does so.
    ///
    /// # Errors
    /// As [`Self::list`]. [`PortError::Invalid`] if `from` is not from this store.
    async fn list_page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<char>,
        from: Option<&str>,
        most: usize,
    ) -> Result<ListingPage, PortError> {
        Ok(cut_listing(self.list(bucket, prefix, delimiter).await?, from, most))
    }

    /// Removes an object. Returns false if the object did not exist.
    async fn delete(&self, address: &ObjectAddress) -> Result<bool, PortError>;

    /// Copies an object inside the store. No bytes pass through the caller.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if the source or a bucket does not exist.
    async fn copy(
        &self,
        from: &ObjectAddress,
        to: &ObjectAddress,
        attributes: Option<ObjectAttributes>,
    ) -> Result<ObjectInfo, PortError>;

    /// Joins objects to one object inside the store, in this order. No bytes pass through the caller. Returns none if the
    /// store cannot join these objects; then the caller copies their bytes.
    ///
    /// # Errors
    /// [`PortError::NotFound`] if a source or the bucket does not exist.
    async fn compose(
        &self,
        from: &[ObjectAddress],
        to: &ObjectAddress,
    ) -> Result<Option<ObjectInfo>, PortError> {
        let _bytes_are_copied = (from, to);
        Ok(None)
    }
}

/// The `length` bytes of a stream from byte number `first` on.
fn cut(bytes: ByteStream, first: u64, length: u64) -> ByteStream {
    let pieces = stream::try_unfold((bytes, first, length), |(mut bytes, mut before, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        loop {
            let Some(mut piece) = bytes.try_next().await? else { return Ok(None) };
            let skipped = usize::try_from(before).unwrap_or(usize::MAX).min(piece.len());
            before -= skipped as u64;
            let mut kept = piece.split_off(skipped);
            kept.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            if !kept.is_empty() {
                let left = left - kept.len() as u64;
                return Ok(Some((kept, (bytes, before, left))));
            }
        }
    });
    pieces.boxed()
}

/// The part of a listing after the name `from`, with at most `most` keys and prefixes. The next part begins after the
/// last name of this part. The listing may begin after `from` already. It must have one name more than the part, if
/// there is one.
pub fn cut_listing(listing: Listing, from: Option<&str>, most: usize) -> ListingPage {
    let is_after = |name: &str| from.is_none_or(|from| name > from);
    let mut names: Vec<&str> = listing.objects.iter().map(|object| object.address.key.as_str()).collect();
    names.extend(listing.prefixes.iter().map(String::as_str));
    names.retain(|name| is_after(name));
    names.sort_unstable();
    let last = names.get(most.max(1) - 1).map(|name| (*name).to_owned());
    let next = last.clone().filter(|_| names.len() > most.max(1));
    let is_within = |name: &str| is_after(name) && last.as_deref().is_none_or(|last| name <= last);
    ListingPage {
        listing: Listing {
            objects: listing.objects.into_iter().filter(|object| is_within(&object.address.key)).collect(),
            prefixes: listing.prefixes.into_iter().filter(|prefix| is_within(prefix)).collect(),
        },
        next,
    }
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
