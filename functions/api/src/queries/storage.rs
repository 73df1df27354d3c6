//! Buckets and their objects. The objects of internal storage can be read, and are changed by executions only.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use segue_api_types as types;
use segue_ports::PortError;
use segue_ports::object::{BucketInfo, ByteStream, ObjectAddress, ObjectInfo};
use segue_ports::storage::PLATFORM_FOLDER;

/// The storage class of a bucket that sets none, which is Cloud Storage's default.
const CLASS: &str = "STANDARD";
/// The default number of objects and prefixes of a part.
const PART: u32 = 100;
/// The largest number of objects and prefixes of a part, which is Cloud Storage's limit.
const LARGEST_PART: u32 = 1_000;

/// The buckets, internal storage first.
pub(crate) async fn buckets(api: &Api) -> Answer<Vec<types::Bucket>> {
    let internal = api.ports.storage.bucket();
    let mut found: Vec<types::Bucket> =
        api.ports.objects.list_buckets().await?.into_iter().map(|bucket| view(bucket, internal)).collect();
    found.sort_by_key(|bucket| !bucket.is_internal);
    Ok(found)
}

fn view(bucket: BucketInfo, internal: &str) -> types::Bucket {
    types::Bucket {
        is_internal: bucket.name == internal,
        name: bucket.name,
        location: bucket.location,
        storage_class: bucket.storage_class.unwrap_or_else(|| CLASS.to_owned()),
        labels: bucket.labels,
        created: bucket.created,
    }
}

/// A part of the objects of a bucket.
pub(crate) async fn objects(api: &Api, bucket: &str, query: &Query) -> Answer<types::BucketObjects> {
    let most = query.number("size")?.unwrap_or(PART);
    if !(1..=LARGEST_PART).contains(&most) {
        return Err(ApiError::argument(format!("size: must be between 1 and {LARGEST_PART}")));
    }
    let delimiter = if query.flag("recursive", false)? { None } else { Some('/') };
    let (prefix, from) = (query.text("prefix").unwrap_or_default(), query.text("from"));
    let page = api.ports.objects.list_page(bucket, prefix, delimiter, from, most as usize).await?;
    Ok(types::BucketObjects {
        prefixes: page.listing.prefixes,
        objects: page.listing.objects.into_iter().map(object).collect(),
        next: page.next,
    })
}

/// How much is below a prefix. Every object is counted, part by part.
pub(crate) async fn total(api: &Api, bucket: &str, prefix: &str) -> Answer<types::BucketTotal> {
    let mut total = types::BucketTotal { objects: 0, bytes: 0 };
    let mut from: Option<String> = None;
    loop {
        let most = LARGEST_PART as usize;
        let page = api.ports.objects.list_page(bucket, prefix, None, from.as_deref(), most).await?;
        total.objects += page.listing.objects.len() as u64;
        total.bytes += page.listing.objects.iter().map(|object| object.size).sum::<u64>();
        from = page.next;
        if from.is_none() {
            return Ok(total);
        }
    }
}

/// The description of an object.
pub(crate) fn object(info: ObjectInfo) -> types::BucketObject {
    types::BucketObject {
        key: info.address.key,
        size: info.size,
        content_type: info.attributes.content_type,
        content_encoding: info.attributes.content_encoding,
        updated: info.updated,
        generation: info.generation,
        metadata: info.attributes.metadata,
    }
}

/// The address of an object, from the query.
pub(crate) fn named(bucket: &str, query: &Query) -> Answer<ObjectAddress> {
    Ok(ObjectAddress::new(bucket, query.required("key")?))
}

/// The object, with the bytes that are read from it.
pub(crate) async fn open(api: &Api, address: &ObjectAddress) -> Answer<(ObjectInfo, ByteStream)> {
    let is_own = api.ports.storage.path_of(address).and_then(|path| path.strip_prefix(PLATFORM_FOLDER));
    if is_own.is_some_and(|rest| rest.starts_with('/')) {
        return Err(ApiError::forbidden(format!(
            "Forbidden: '{address}' is Segue's own. It can hold credentials of tasks, so nobody can read it here"
        )));
    }
    match api.ports.objects.get(address).await {
        Err(PortError::NotFound { .. }) => Err(missing(address)),
        other => Ok(other?),
    }
}

pub(crate) fn missing(address: &ObjectAddress) -> ApiError {
    ApiError::not_found(format!("The object '{address}'"))
}

/// Refuses a change of internal storage.
pub(crate) fn changeable(api: &Api, address: &ObjectAddress) -> Answer<()> {
    if api.ports.storage.path_of(address).is_none() {
        return Ok(());
    }
    Err(ApiError::forbidden(format!(
        "Forbidden: '{address}' is in internal storage, which belongs to executions and namespaces. Delete the \
         execution, or change the file of the namespace"
    )))
}
