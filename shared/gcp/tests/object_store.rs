//! The object store on fake-gcs-server: the conformance suite, exact bytes, and the paths that bytes do not
//! take.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what is wrong here fails a test"
)]

#[path = "support/storage.rs"]
mod storage;
mod support;

use axum::http::Method;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use segue_gcp::{CloudObjectStore, PlatformConfig};
use segue_ports::conformance::object_store as conformance;
use segue_ports::object::{BucketSpec, ByteStream, ObjectAddress, ObjectAttributes, ObjectStore};
use segue_ports::{Credentials, PortError};
use std::sync::Arc;
use storage::{CloudStorage, Fault};

/// Larger than one request accepts, and not a multiple of the piece size. In bytes.
const LARGE: usize = 21_000_123;

struct Bench {
    config: PlatformConfig,
    cloud: Arc<CloudStorage>,
    store: CloudObjectStore,
}

async fn bench() -> Option<Bench> {
    let mut config = support::config("STORAGE_EMULATOR_HOST")?;
    let cloud = CloudStorage::before(config.emulators.storage.as_deref().unwrap()).await;
    config.emulators.storage = Some(cloud.address());
    let store = CloudObjectStore::connect(&config).unwrap();
    Some(Bench { config, cloud, store })
}

impl Bench {
    /// An address in an existing bucket.
    async fn address(&self, key: &str) -> ObjectAddress {
        self.bucket("objects").await;
        ObjectAddress::new(format!("{}-objects", self.config.prefix), key)
    }

    async fn bucket(&self, name: &str) -> String {
        let name = format!("{}-{name}", self.config.prefix);
        let made = self.store.create_bucket(BucketSpec { name: name.clone(), ..BucketSpec::default() }).await;
        assert!(matches!(made, Ok(_) | Err(PortError::AlreadyExists { .. })), "{made:?}");
        name
    }

    async fn read(&self, address: &ObjectAddress) -> Vec<u8> {
        let (_, bytes) = self.store.get(address).await.unwrap();
        bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }
}

/// Bytes without repetition.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

fn stream(bytes: &[u8]) -> ByteStream {
    let chunks: Vec<_> = bytes.chunks(100_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    futures::stream::iter(chunks).boxed()
}

#[tokio::test]
async fn cloud_storage_does_what_the_port_says() {
    let Some(bench) = bench().await else { return };
    conformance::all(&bench.store, &bench.config.prefix).await.unwrap();
}

/// Runs the suite without the correcting proxy, to show how much the emulator alone supports.
#[tokio::test]
async fn the_emulator_alone_does_all_but_one_of_it() {
    let Some(config) = support::config("STORAGE_EMULATOR_HOST") else { return };
    let (store, scope) = (CloudObjectStore::connect(&config).unwrap(), &config.prefix);
    eprintln!("left out: fake-gcs-server forgets labels and locations of buckets");
    conformance::objects_are_written_whole(&store, scope).await.unwrap();
    conformance::attributes_are_kept(&store, scope).await.unwrap();
    conformance::listings_are_in_order(&store, scope).await.unwrap();
    conformance::a_copy_stands_on_its_own(&store, scope).await.unwrap();
    conformance::files_go_in_and_out(&store, scope).await.unwrap();
    conformance::what_is_not_there_is_said(&store, scope).await.unwrap();
}

#[tokio::test]
async fn bytes_come_back_as_they_went_however_large() {
    let Some(bench) = bench().await else { return };
    let attributes = ObjectAttributes { content_type: Some("text/csv".to_owned()), ..Default::default() };
    for length in [0, 1, 8 << 20, (8 << 20) + 1, 16 << 20, LARGE] {
        let bytes = noise(length);
        let address = bench.address(&format!("streamed/{length}")).await;
        let info = bench.store.put(&address, stream(&bytes), attributes.clone()).await.unwrap();
        assert_eq!(info.size, length as u64);
        assert_eq!(info.attributes.content_type.as_deref(), Some("text/csv"), "{length}");
        assert_eq!(bench.store.head(&address).await.unwrap(), Some(info));
        assert!(bench.read(&address).await == bytes, "{length} bytes, streamed");

        let directory = tempfile::tempdir().unwrap();
        let (source, target) = (directory.path().join("in"), directory.path().join("out"));
        std::fs::write(&source, &bytes).unwrap();
        let address = bench.address(&format!("file/{length}")).await;
        bench.store.put_file(&address, &source, attributes.clone()).await.unwrap();
        assert!(!source.exists());
        let info = bench.store.get_file(&address, &target).await.unwrap();
        assert_eq!((info.size, info.attributes), (length as u64, attributes.clone()));
        assert!(std::fs::read(&target).unwrap() == bytes, "{length} bytes of a file");
    }
}

/// A compressed object arrives compressed: nothing on the way unpacks it.
#[tokio::test]
async fn a_compressed_object_is_not_unpacked() {
    let Some(bench) = bench().await else { return };
    // `gzip -n` of "a,b\n".
    let packed = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xd4, 0x49, 0xe2, 0x02, 0x00, 0xb4,
        0x2e, 0x19, 0x5c, 0x04, 0x00, 0x00, 0x00,
    ];
    let address = bench.address("a.csv").await;
    let attributes = ObjectAttributes {
        content_type: Some("text/csv".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        ..Default::default()
    };
    bench.store.put(&address, stream(&packed), attributes).await.unwrap();
    let (info, _) = bench.store.get(&address).await.unwrap();
    assert_eq!((info.size, info.attributes.content_encoding.as_deref()), (24, Some("gzip")));
    assert_eq!(bench.read(&address).await, packed);
}

/// An interrupted stream in the middle of a large object leaves the old object unchanged.
#[tokio::test]
async fn a_large_object_is_there_whole_or_not_at_all() {
    let Some(bench) = bench().await else { return };
    let address = bench.address("large").await;
    bench.store.put(&address, stream(b"before"), ObjectAttributes::default()).await.unwrap();
    let broken = stream(&noise(LARGE)).chain(stream_of_error()).boxed();
    let failed = bench.store.put(&address, broken, ObjectAttributes::default()).await;
    assert!(matches!(&failed, Err(PortError::Invalid { message }) if message == "broke off"), "{failed:?}");
    assert_eq!(bench.read(&address).await, b"before");
    let homeless = ObjectAddress::new(format!("{}-nowhere", bench.config.prefix), "large");
    let lost = bench.store.put(&homeless, stream(&noise(LARGE)), ObjectAttributes::default()).await;
    assert!(matches!(&lost, Err(PortError::NotFound { what }) if what.contains("nowhere")), "{lost:?}");
}

fn stream_of_error() -> ByteStream {
    futures::stream::iter([Err(PortError::invalid("broke off"))]).boxed()
}

#[tokio::test]
async fn what_fails_for_a_moment_is_done_all_the_same() {
    let Some(bench) = bench().await else { return };
    let (bytes, small) = (noise(LARGE), bench.address("small").await);
    let large = bench.address("large").await;
    bench.cloud.fault(Method::POST, "uploadType=multipart", Fault::Refused(503));
    bench.store.put(&small, stream(b"small"), ObjectAttributes::default()).await.unwrap();
    bench.cloud.fault(Method::POST, "uploadType=resumable", Fault::Refused(429));
    // The first of three pieces does not arrive at once, and no answer to a piece arrives.
    for fault in [Fault::Refused(503), Fault::Lost, Fault::Lost, Fault::Refused(500), Fault::Lost] {
        bench.cloud.fault(Method::PUT, "upload_id", fault);
    }
    bench.store.put(&large, stream(&bytes), ObjectAttributes::default()).await.unwrap();
    bench.cloud.fault(Method::GET, "alt=media", Fault::Refused(502));
    bench.cloud.fault(Method::GET, "/o/large?fields", Fault::Refused(500));
    bench.cloud.fault(Method::GET, "alt=media", Fault::CutOff);
    assert!(bench.read(&large).await == bytes, "and goes on where the connection ended");
    bench.cloud.fault(Method::POST, "rewriteTo", Fault::Refused(503));
    bench.cloud.fault(Method::DELETE, "/o/large", Fault::Refused(503));
    bench.cloud.fault(Method::GET, "/o?", Fault::Refused(503));
    // A large copy needs several requests. Each continues where the last one ended.
    bench.cloud.fault(Method::POST, "rewriteTo", Fault::Begun);
    bench.cloud.fault(Method::POST, "rewriteToken=more", Fault::Begun);
    bench.cloud.fault(Method::POST, "rewriteToken=more", Fault::Refused(503));
    bench.store.copy(&small, &bench.address("copy").await, None).await.unwrap();
    assert!(bench.store.delete(&large).await.unwrap());
    assert_eq!(bench.store.list(&large.bucket, "", None).await.unwrap().objects.len(), 2);
    // Another client changes the bucket in the meantime.
    bench.cloud.fault(Method::PATCH, "ifMetagenerationMatch", Fault::Refused(412));
    let labels = [("a".to_owned(), "b".to_owned())].into();
    let spec = BucketSpec { name: large.bucket, labels, ..BucketSpec::default() };
    assert_eq!(bench.store.update_bucket(spec.clone()).await.unwrap().labels, spec.labels);
    assert_eq!(bench.cloud.faults_left(), 0);
}

/// An object that arrives with other bytes is removed.
#[tokio::test]
async fn bytes_that_changed_on_the_way_are_noticed() {
    let Some(bench) = bench().await else { return };
    for (kind, length) in [("uploadType=multipart", 10), ("upload_id", (8 << 20) + 1)] {
        let address = bench.address("altered").await;
        if length > 10 {
            // The answer to the second of two pieces contains the object.
            bench.cloud.fault(Method::PUT, kind, Fault::Lost);
        }
        bench.cloud.fault(if length > 10 { Method::PUT } else { Method::POST }, kind, Fault::Altered);
        let answer = bench.store.put(&address, stream(&noise(length)), ObjectAttributes::default()).await;
        assert!(
            matches!(&answer, Err(PortError::Unavailable { message, .. }) if message.contains("was removed")),
            "{answer:?}"
        );
        assert_eq!(bench.store.head(&address).await.unwrap(), None);
    }
}

/// The location of a bucket cannot be changed.
#[tokio::test]
async fn a_bucket_is_not_moved() {
    let Some(bench) = bench().await else { return };
    let name = format!("{}-placed", bench.config.prefix);
    let spec = |location: &str| BucketSpec {
        name: name.clone(),
        location: Some(location.to_owned()),
        ..BucketSpec::default()
    };
    bench.store.create_bucket(spec("EU")).await.unwrap();
    bench.store.update_bucket(spec("eu")).await.unwrap();
    let moved = bench.store.update_bucket(spec("US")).await;
    assert!(
        matches!(&moved, Err(PortError::Invalid { message }) if message.contains("is in EU")),
        "{moved:?}"
    );
}

#[tokio::test]
async fn a_service_that_stays_away_is_unavailable() {
    let Some(bench) = bench().await else { return };
    let address = bench.address("a").await;
    for _ in 0..10 {
        bench.cloud.fault(Method::GET, "/o/a", Fault::Refused(503));
    }
    let answer = bench.store.head(&address).await;
    assert!(matches!(answer, Err(PortError::Unavailable { port: "object store", .. })), "{answer:?}");
}

/// A missing permission is not transient: the error says what must be allowed.
#[tokio::test]
async fn a_missing_permission_is_reported() {
    let Some(bench) = bench().await else { return };
    let (from, to) = (bench.address("from").await, bench.address("to").await);
    bench.store.put(&from, stream(b"x"), ObjectAttributes::default()).await.unwrap();
    let said = |outcome: Option<PortError>, what: &str| match outcome {
        Some(PortError::Invalid { message }) => assert!(message.contains(what), "{message}"),
        other => panic!("{other:?}"),
    };
    bench.cloud.fault(Method::POST, "rewriteTo", Fault::Refused(403));
    said(bench.store.copy(&from, &to, None).await.err(), &format!("the copy of {from} to {to}"));
    bench.cloud.fault(Method::POST, "uploadType", Fault::Refused(403));
    said(bench.store.put(&to, stream(b"x"), ObjectAttributes::default()).await.err(), &to.to_string());
    bench.cloud.fault(Method::GET, "alt=media", Fault::Refused(401));
    said(bench.store.get(&from).await.err(), &from.to_string());
    bench.cloud.fault(Method::GET, "/b/", Fault::Refused(403));
    said(bench.store.bucket(&from.bucket).await.err(), &from.bucket);
}

/// The bytes of a copy between internal storage and a bucket do not pass through this process or its
/// connection.
#[tokio::test]
async fn a_copy_carries_no_bytes() {
    let Some(bench) = bench().await else { return };
    let internal = ObjectAddress::new(bench.bucket("internal").await, "e/x/trips.csv");
    let (to, bytes) = (bench.address("trips.csv").await, noise(LARGE));
    bench.store.put(&internal, stream(&bytes), ObjectAttributes::default()).await.unwrap();
    let (passed, counted) = (bench.cloud.bytes(), bench.store.operation_counts());
    assert!(passed > LARGE as u64, "the upload did pass");
    let copied = bench.store.copy(&internal, &to, None).await.unwrap();
    assert_eq!(copied.size, LARGE as u64);
    let counts = bench.store.operation_counts().since(counted);
    assert_eq!((counts.class_a, counts.class_b, counts.sent, counts.received), (1, 0, 0, 0));
    let passed = bench.cloud.bytes() - passed;
    assert!(passed < 5_000, "{passed} bytes for a copy of {LARGE}");
    assert!(bench.read(&to).await == bytes);
}

#[tokio::test]
async fn operations_are_counted_as_they_are_billed() {
    let Some(bench) = bench().await else { return };
    let address = bench.address("a").await;
    let mut before = bench.store.operation_counts();
    let mut since = || {
        let now = bench.store.operation_counts();
        let counts = now.since(before);
        before = now;
        (counts.class_a, counts.class_b, counts.free, counts.sent, counts.received)
    };
    bench.store.put(&address, stream(b"12345"), ObjectAttributes::default()).await.unwrap();
    assert_eq!(since(), (1, 0, 0, 5, 0), "an upload");
    bench.store.head(&address).await.unwrap();
    assert_eq!(since(), (0, 1, 0, 0, 0), "a look");
    bench.read(&address).await;
    assert_eq!(since(), (0, 2, 0, 0, 5), "a download: what is known of it, and its bytes");
    bench.store.list(&address.bucket, "", None).await.unwrap();
    assert_eq!(since(), (1, 0, 0, 0, 0), "a listing");
    bench.store.delete(&address).await.unwrap();
    assert_eq!(since(), (0, 0, 1, 0, 0), "a removal");
    bench.store.put(&address, stream(&noise(LARGE)), ObjectAttributes::default()).await.unwrap();
    assert_eq!(since(), (1, 0, 0, LARGE as u64, 0), "a large upload is one operation");
}

#[tokio::test]
async fn as_somebody_else_it_is_another_store() {
    let Some(bench) = bench().await else { return };
    let own = Credentials { project: Some(bench.config.project.clone()), ..Credentials::default() };
    assert!(bench.store.acting_as(&Credentials::default()).unwrap().is_none());
    assert!(bench.store.acting_as(&own).unwrap().is_none());
    let elsewhere = Credentials { project: Some("elsewhere".to_owned()), ..Credentials::default() };
    let other = bench.store.acting_as(&elsewhere).unwrap().unwrap();
    let address = bench.address("a").await;
    other.put(&address, stream(b"x"), ObjectAttributes::default()).await.unwrap();
    assert_eq!(bench.read(&address).await, b"x");
    assert!(bench.store.operation_counts().sent >= 1, "what others do counts as well");
    let wrong = Credentials { service_account: Some("{".to_owned()), ..Credentials::default() };
    assert!(matches!(bench.store.acting_as(&wrong), Err(PortError::Invalid { .. })));
}

/// More than one page.
#[tokio::test]
async fn a_long_listing_is_complete() {
    let Some(bench) = bench().await else { return };
    let first = bench.address("n/0000").await;
    bench.store.put(&first, stream(b"x"), ObjectAttributes::default()).await.unwrap();
    let copies = futures::stream::iter(1..1_100).map(|number| {
        let (store, from) = (&bench.store, &first);
        async move {
            let to = ObjectAddress::new(&from.bucket, format!("n/{number:04}"));
            store.copy(from, &to, None).await.map(|_| ())
        }
    });
    copies.buffer_unordered(16).try_collect::<Vec<()>>().await.unwrap();
    let before = bench.store.operation_counts();
    let listing = bench.store.list(&first.bucket, "n/", None).await.unwrap();
    let keys: Vec<_> = listing.objects.iter().map(|object| object.address.key.clone()).collect();
    assert_eq!(keys, (0..1_100).map(|number| format!("n/{number:04}")).collect::<Vec<_>>());
    assert_eq!(bench.store.operation_counts().since(before).class_a, 2, "two pages");
}
