//! What every [`ObjectStore`] must do. Each check works in its own bucket, named after `scope`.

use crate::error::PortError;
use crate::object::{BucketSpec, ByteStream, Listing, ObjectAddress, ObjectAttributes, ObjectStore};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;

/// Runs every check. `scope` becomes part of bucket names, so it has only lower-case letters and digits.
pub async fn all(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    buckets_are_made_changed_and_removed(store, scope).await?;
    objects_are_written_whole(store, scope).await?;
    attributes_are_kept(store, scope).await?;
    listings_are_in_order(store, scope).await?;
    listings_come_in_parts(store, scope).await?;
    files_go_in_and_out(store, scope).await?;
    a_copy_stands_on_its_own(store, scope).await?;
    what_is_not_there_is_said(store, scope).await
}

async fn bucket(store: &dyn ObjectStore, scope: &str, name: &str) -> Result<String, PortError> {
    let name = format!("segue-{scope}-{name}");
    store.create_bucket(BucketSpec { name: name.clone(), ..BucketSpec::default() }).await?;
    Ok(name)
}

fn stream(chunks: &[&'static str]) -> ByteStream {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
    futures::stream::iter(chunks).boxed()
}

async fn put(store: &dyn ObjectStore, address: &ObjectAddress, text: &'static str) -> Result<(), PortError> {
    store.put(address, stream(&[text]), ObjectAttributes::default()).await.map(|_| ())
}

async fn text(store: &dyn ObjectStore, address: &ObjectAddress) -> Result<String, PortError> {
    let (_, bytes) = store.get(address).await?;
    let chunks: Vec<Bytes> = bytes.try_collect().await?;
    Ok(String::from_utf8_lossy(&chunks.concat()).into_owned())
}

/// A bucket is created once, follows the rules for names, keeps its attributes, and is removed only if it is
/// empty.
pub async fn buckets_are_made_changed_and_removed(
    store: &dyn ObjectStore,
    scope: &str,
) -> Result<(), PortError> {
    let spec = BucketSpec {
        name: format!("segue-{scope}-buckets"),
        location: Some("EU".to_owned()),
        storage_class: Some("STANDARD".to_owned()),
        labels: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
    };
    assert_eq!(store.bucket(&spec.name).await?, None);
    let made = store.create_bucket(spec.clone()).await?;
    assert_eq!((made.name.as_str(), &made.labels), (spec.name.as_str(), &spec.labels));
    let again = store.create_bucket(spec.clone()).await;
    assert!(matches!(again, Err(PortError::AlreadyExists { .. })), "{again:?}");
    for name in
        ["ab", "Upper", "sp ace", "-edge", "edge-", "..", "a..b", "a/b", "", "goog-x", &"x".repeat(64)]
    {
        let refused =
            store.create_bucket(BucketSpec { name: name.to_owned(), ..BucketSpec::default() }).await;
        assert!(
            matches!(refused, Err(PortError::Invalid { .. })),
            "{name:?} is not the name of a bucket: {refused:?}"
        );
    }
    let listed = store.list_buckets().await?;
    assert!(listed.iter().any(|bucket| bucket.name == spec.name), "the bucket is listed: {listed:?}");
    assert!(
        listed.is_sorted_by(|one, other| one.name < other.name),
        "buckets are listed by name: {listed:?}"
    );
    let changed = BucketSpec { labels: BTreeMap::from([("k".to_owned(), "v".to_owned())]), ..spec.clone() };
    store.update_bucket(changed.clone()).await?;
    let known = store.bucket(&spec.name).await?.map(|bucket| bucket.labels);
    assert_eq!(known, Some(changed.labels));
    let address = ObjectAddress::new(&spec.name, "a/b");
    put(store, &address, "x").await?;
    let full = store.delete_bucket(&spec.name).await;
    assert!(matches!(full, Err(PortError::Invalid { .. })), "a bucket with objects is not removed: {full:?}");
    assert!(store.delete(&address).await?);
    store.delete_bucket(&spec.name).await?;
    assert_eq!(store.bucket(&spec.name).await?, None);
    Ok(())
}

/// The parts of a listing are together the listing: nothing is twice, nothing is missing, and no part is too large.
pub async fn listings_come_in_parts(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let bucket = bucket(store, scope, "parts").await?;
    let keys = ["a", "b/1", "b/2", "b-1", "c/d/1", "c/d/2", "c/e", "d", "e"];
    for key in keys {
        put(store, &ObjectAddress::new(&bucket, key), "x").await?;
    }
    for (prefix, delimiter) in [("", Some('/')), ("", None), ("c/", Some('/')), ("b", None), ("x", None)] {
        let whole = store.list(&bucket, prefix, delimiter).await?;
        let (mut parts, mut from) = (Listing::default(), None::<String>);
        for count in 0.. {
            assert!(count < 20, "the parts of '{prefix}' have no end");
            let page = store.list_page(&bucket, prefix, delimiter, from.as_deref(), 2).await?;
            assert!(page.listing.objects.len() + page.listing.prefixes.len() <= 2, "{page:?}");
            parts.objects.extend(page.listing.objects);
            parts.prefixes.extend(page.listing.prefixes);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(parts, whole, "'{prefix}' {delimiter:?}");
    }
    let unknown = store.list_page(&format!("{bucket}-none"), "", None, None, 2).await;
    assert!(matches!(unknown, Err(PortError::NotFound { .. })), "{unknown:?}");
    Ok(())
}

/// A stream that fails leaves the old object unchanged. A replacement has another generation.
pub async fn objects_are_written_whole(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let bucket = bucket(store, scope, "whole").await?;
    let address = ObjectAddress::new(&bucket, "dir with space/ünï%20.csv");
    let first = store.put(&address, stream(&["a,b\n", "", "1,2\n"]), ObjectAttributes::default()).await?;
    assert_eq!((first.size, &first.address), (8, &address));
    assert_eq!(text(store, &address).await?, "a,b\n1,2\n");
    assert_eq!(store.head(&address).await?, Some(first.clone()));
    let broken = futures::stream::iter([
        Ok(Bytes::from_static(b"half")),
        Err(PortError::invalid("the source broke off")),
    ]);
    let failed = store.put(&address, broken.boxed(), ObjectAttributes::default()).await;
    assert!(
        matches!(&failed, Err(PortError::Invalid { message }) if message == "the source broke off"),
        "the error of the stream is returned unchanged: {failed:?}"
    );
    assert_eq!(store.head(&address).await?, Some(first.clone()), "the old object is unchanged");
    let (_, reading) = store.get(&address).await?;
    let second = store.put(&address, stream(&["new"]), ObjectAttributes::default()).await?;
    assert_ne!(second.generation, first.generation);
    let read: Vec<Bytes> = reading.try_collect().await?;
    assert_eq!(read.concat(), b"a,b\n1,2\n", "an open reader still reads the old object");
    assert_eq!(text(store, &address).await?, "new");
    for (first, length, expected) in [(0, 2, "ne"), (1, 1, "e"), (1, 100, "ew"), (3, 1, ""), (0, 0, "")] {
        let (info, part) = store.get_range(&address, first, length).await?;
        let part: Vec<Bytes> = part.try_collect().await?;
        assert_eq!((info.size, part.concat().as_slice()), (3, expected.as_bytes()), "{first} {length}");
    }
    let empty = ObjectAddress::new(&bucket, "empty");
    assert_eq!(store.put(&empty, stream(&[]), ObjectAttributes::default()).await?.size, 0);
    assert_eq!(text(store, &empty).await?, "");
    assert!(store.delete(&address).await?);
    assert!(!store.delete(&address).await?, "it is gone already");
    assert_eq!(store.head(&address).await?, None);
    Ok(())
}

/// The attributes that a writer sets can be read, and a replacement without attributes removes them.
pub async fn attributes_are_kept(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let address = ObjectAddress::new(bucket(store, scope, "attributes").await?, "a.csv.gz");
    let attributes = ObjectAttributes {
        content_type: Some("text/csv".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        content_disposition: Some("attachment".to_owned()),
        cache_control: Some("no-store".to_owned()),
        metadata: BTreeMap::from([("from".to_owned(), "test".to_owned())]),
    };
    let info = store.put(&address, stream(&["x"]), attributes.clone()).await?;
    assert_eq!(info.attributes, attributes);
    assert_eq!(store.head(&address).await?.map(|info| info.attributes), Some(attributes.clone()));
    assert_eq!(store.get(&address).await?.0.attributes, attributes);
    let listed = store.list(&address.bucket, "", None).await?.objects;
    assert_eq!(listed.first().map(|info| &info.attributes), Some(&attributes));
    put(store, &address, "y").await?;
    let plain = store.head(&address).await?.map(|info| info.attributes);
    assert_ne!(plain, Some(attributes), "a replacement has its own attributes");
    Ok(())
}

/// Keys are in order, a prefix need not be a folder, and keys are folded at the delimiter.
pub async fn listings_are_in_order(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let bucket = bucket(store, scope, "listing").await?;
    for key in ["b/2", "a", "b/1", "b-x", "b/deep/er", "c/only", "bb"] {
        put(store, &ObjectAddress::new(&bucket, key), "x").await?;
    }
    let list = |prefix: &'static str, delimiter| {
        let bucket = bucket.clone();
        async move {
            let listing = store.list(&bucket, prefix, delimiter).await?;
            let keys: Vec<_> = listing.objects.into_iter().map(|object| object.address.key).collect();
            Ok::<_, PortError>((keys, listing.prefixes))
        }
    };
    let (keys, prefixes) = list("", None).await?;
    assert_eq!(keys, ["a", "b-x", "b/1", "b/2", "b/deep/er", "bb", "c/only"]);
    assert!(prefixes.is_empty());
    assert_eq!(list("b", None).await?.0, ["b-x", "b/1", "b/2", "b/deep/er", "bb"]);
    assert_eq!(list("b/", None).await?.0, ["b/1", "b/2", "b/deep/er"]);
    let (keys, prefixes) = list("", Some('/')).await?;
    assert_eq!(
        (keys.as_slice(), prefixes.as_slice()),
        (["a", "b-x", "bb"].map(str::to_owned).as_slice(), ["b/", "c/"].map(str::to_owned).as_slice())
    );
    let (keys, prefixes) = list("b/", Some('/')).await?;
    assert_eq!(keys, ["b/1", "b/2"]);
    assert_eq!(prefixes, ["b/deep/"]);
    assert_eq!(list("nothing", Some('/')).await?, (Vec::new(), Vec::new()));
    Ok(())
}

/// `put_file` removes the local file. Changing a file from `get_file` does not change the object.
pub async fn files_go_in_and_out(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let bucket = bucket(store, scope, "files").await?;
    let directory = std::env::temp_dir().join(format!("segue-{scope}-{}", std::process::id()));
    let failed = |error: std::io::Error| PortError::unavailable("temporary directory", error);
    std::fs::create_dir_all(&directory).map_err(failed)?;
    let (source, target) = (directory.join("in"), directory.join("out"));
    std::fs::write(&source, "from a file").map_err(failed)?;
    let address = ObjectAddress::new(&bucket, "deep/in");
    let info = store.put_file(&address, &source, ObjectAttributes::default()).await?;
    assert_eq!(info.size, 11);
    assert!(!source.exists(), "the file was taken away");
    let missing = store.put_file(&address, &source, ObjectAttributes::default()).await;
    assert!(matches!(missing, Err(PortError::NotFound { .. })), "{missing:?}");
    assert_eq!(store.get_file(&address, &target).await?, info);
    std::fs::write(&target, "changed").map_err(failed)?;
    assert_eq!(text(store, &address).await?, "from a file", "a copy, never a link");
    std::fs::remove_dir_all(&directory).map_err(failed)
}

/// A copy has the bytes of its source, with the attributes of the source or new attributes. Changing the source does
/// not change the copy.
pub async fn a_copy_stands_on_its_own(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let from = ObjectAddress::new(bucket(store, scope, "copy-from").await?, "a");
    let to = ObjectAddress::new(bucket(store, scope, "copy-to").await?, "deep/b");
    let csv = ObjectAttributes { content_type: Some("text/csv".to_owned()), ..ObjectAttributes::default() };
    store.put(&from, stream(&["bytes"]), csv.clone()).await?;
    let copied = store.copy(&from, &to, None).await?;
    assert_eq!((copied.size, &copied.attributes, &copied.address), (5, &csv, &to));
    put(store, &from, "others").await?;
    assert_eq!(text(store, &to).await?, "bytes", "the source was replaced, the copy was not");
    assert!(store.delete(&from).await?);
    assert_eq!(text(store, &to).await?, "bytes");
    let plain =
        ObjectAttributes { content_type: Some("text/plain".to_owned()), ..ObjectAttributes::default() };
    let back = store.copy(&to, &from, Some(plain.clone())).await?;
    assert_eq!(back.attributes, plain);
    assert_eq!(
        store.head(&to).await?.map(|info| info.attributes),
        Some(csv),
        "only the copy has new attributes"
    );
    assert_eq!(store.copy(&to, &to, None).await?.size, 5, "onto itself");
    assert_eq!(text(store, &to).await?, "bytes");
    Ok(())
}

/// The answers for buckets and objects that do not exist.
pub async fn what_is_not_there_is_said(store: &dyn ObjectStore, scope: &str) -> Result<(), PortError> {
    let nowhere = format!("segue-{scope}-nowhere");
    let bucket = bucket(store, scope, "not-there").await?;
    let (object, homeless) = (ObjectAddress::new(&bucket, "a"), ObjectAddress::new(&nowhere, "a"));
    let unknown = |what: &str, outcome: Option<PortError>| {
        assert!(matches!(outcome, Some(PortError::NotFound { .. })), "{what}: {outcome:?}");
    };
    let spec = BucketSpec { name: nowhere.clone(), ..BucketSpec::default() };
    unknown("update_bucket", store.update_bucket(spec).await.err());
    unknown("delete_bucket", store.delete_bucket(&nowhere).await.err());
    unknown("put", put(store, &homeless, "x").await.err());
    unknown("list", store.list(&nowhere, "", None).await.err());
    unknown("get", store.get(&object).await.err());
    unknown("copy", store.copy(&object, &object, None).await.err());
    assert_eq!(store.head(&object).await?, None);
    assert_eq!(store.head(&homeless).await?, None);
    assert!(!store.delete(&object).await?);
    Ok(())
}
