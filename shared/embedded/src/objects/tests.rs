use super::DirectoryObjectStore;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use segue_ports::PortError;
use segue_ports::conformance::object_store as conformance;
use segue_ports::object::{BucketSpec, ObjectAddress, ObjectAttributes, ObjectStore as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

async fn store() -> (tempfile::TempDir, PathBuf, DirectoryObjectStore) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("objects");
    let store = DirectoryObjectStore::open(&root).unwrap();
    store.create_bucket(BucketSpec { name: "data".to_owned(), ..BucketSpec::default() }).await.unwrap();
    (directory, root, store)
}

async fn put(store: &DirectoryObjectStore, key: &str, text: &str) -> Result<(), PortError> {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let stream = futures::stream::once(async move { Ok(bytes) }).boxed();
    store.put(&ObjectAddress::new("data", key), stream, ObjectAttributes::default()).await.map(|_| ())
}

fn is_invalid<T>(outcome: Result<T, PortError>) -> bool {
    matches!(outcome, Err(PortError::Invalid { .. }))
}

#[tokio::test]
async fn it_does_what_the_port_says() {
    let (_directory, root, store) = store().await;
    conformance::all(&store, "dir").await.unwrap();
    assert_eq!(std::fs::read_dir(root.join(".tmp")).unwrap().count(), 0, "nothing is left on its way");
}

#[tokio::test]
async fn an_object_is_the_file_of_its_name() {
    let (_directory, root, store) = store().await;
    put(&store, "taxi/2021-01.csv", "a,b").await.unwrap();
    assert_eq!(std::fs::read_to_string(root.join("data/taxi/2021-01.csv")).unwrap(), "a,b");
    assert!(!root.join(".meta/data").exists(), "nothing to say beside it");
}

#[tokio::test]
async fn a_copy_carries_no_bytes() {
    let (_directory, root, store) = store().await;
    put(&store, "a", "bytes").await.unwrap();
    let (from, to) = (ObjectAddress::new("data", "a"), ObjectAddress::new("data", "b/c"));
    for _ in 0..2 {
        store.copy(&from, &to, None).await.unwrap();
    }
    let inode = |key: &str| std::fs::metadata(root.join("data").join(key)).unwrap().ino();
    assert_eq!(inode("a"), inode("b/c"));
    assert_eq!(std::fs::read_dir(root.join(".tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_is_moved_in_not_copied() {
    let (directory, root, store) = store().await;
    let file = directory.path().join("big");
    std::fs::write(&file, "bytes").unwrap();
    let inode = std::fs::metadata(&file).unwrap().ino();
    store.put_file(&ObjectAddress::new("data", "big"), &file, ObjectAttributes::default()).await.unwrap();
    assert_eq!(std::fs::metadata(root.join("data/big")).unwrap().ino(), inode);
}

#[tokio::test]
async fn hostile_names_reach_nothing() {
    let (directory, _root, store) = store().await;
    std::fs::write(directory.path().join("secret"), "s").unwrap();
    for key in ["../../secret", "/etc/passwd", "a/../../../secret", "..", "", "a\0b", "..\\..\\secret"] {
        let address = ObjectAddress::new("data", key);
        assert!(is_invalid(put(&store, key, "x").await), "{key:?}");
        assert!(is_invalid(store.get(&address).await.map(|_| ())), "{key:?}");
        assert!(is_invalid(store.head(&address).await), "{key:?}");
        assert!(is_invalid(store.delete(&address).await), "{key:?}");
    }
    for bucket in ["..", ".meta", ".tmp", "../objects", "/", ""] {
        assert!(is_invalid(store.head(&ObjectAddress::new(bucket, "secret")).await), "{bucket:?}");
        assert!(is_invalid(store.list(bucket, "", None).await), "{bucket:?}");
    }
    for prefix in ["../", "/", "a/../../", "..//"] {
        assert!(store.list("data", prefix, None).await.unwrap().objects.is_empty(), "{prefix:?}");
    }
    assert_eq!(std::fs::read_to_string(directory.path().join("secret")).unwrap(), "s");
}

#[tokio::test]
async fn no_link_leads_out() {
    let (directory, root, store) = store().await;
    let outside = directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(&outside, root.join("data/link")).unwrap();
    std::os::unix::fs::symlink(outside.join("secret"), root.join("data/file")).unwrap();
    for key in ["link/secret", "link/new", "file"] {
        assert!(is_invalid(store.get(&ObjectAddress::new("data", key)).await.map(|_| ())), "{key}");
        assert!(is_invalid(put(&store, key, "x").await), "{key}");
    }
    assert!(store.list("data", "", None).await.unwrap().objects.is_empty());
    let link = directory.path().join("upload");
    std::os::unix::fs::symlink(outside.join("secret"), &link).unwrap();
    let taken = store.put_file(&ObjectAddress::new("data", "up"), &link, ObjectAttributes::default()).await;
    assert!(is_invalid(taken), "a link is not taken in");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn an_object_and_a_folder_cannot_have_one_name() {
    let (directory, _root, store) = store().await;
    put(&store, "a", "x").await.unwrap();
    put(&store, "c/d", "x").await.unwrap();
    let typed = ObjectAttributes { content_type: Some("text/csv".to_owned()), ..Default::default() };
    for key in ["a/b", "a/b/c", "c"] {
        let refused = put(&store, key, "y").await;
        assert!(
            matches!(&refused, Err(PortError::Invalid { message }) if message.contains(key)),
            "{refused:?}"
        );
        let file = directory.path().join("kept");
        std::fs::write(&file, "kept").unwrap();
        assert!(is_invalid(store.put_file(&ObjectAddress::new("data", key), &file, typed.clone()).await));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept", "the file stays with its owner");
    }
    assert!(store.delete(&ObjectAddress::new("data", "c/d")).await.unwrap());
    put(&store, "c", "now it is free").await.unwrap();
}

#[tokio::test]
async fn large_objects_come_in_pieces() {
    let (_directory, _root, store) = store().await;
    let address = ObjectAddress::new("data", "large");
    let piece = Bytes::from(vec![7_u8; 300_000]);
    let stream = futures::stream::iter((0..20).map(move |_| Ok(piece.clone()))).boxed();
    let info = store.put(&address, stream, ObjectAttributes::default()).await.unwrap();
    assert_eq!(info.size, 6_000_000);
    let (_, bytes) = store.get(&address).await.unwrap();
    let pieces: Vec<Bytes> = bytes.try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= super::CHUNK));
    assert_eq!(pieces.concat(), vec![7_u8; 6_000_000]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_and_removers_do_not_disturb_each_other() {
    let (_directory, _root, store) = store().await;
    let workers: Vec<_> = (0..8)
        .map(|index| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    let key = format!("shared/deep/{index}");
                    put(&store, &key, "x").await.unwrap();
                    assert!(store.delete(&ObjectAddress::new("data", &key)).await.unwrap());
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert!(store.list("data", "", None).await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept() {
    let (_directory, root, store) = store().await;
    std::fs::write(root.join(".tmp/1-2"), "half").unwrap();
    store.sweep().unwrap();
    assert_eq!(std::fs::read_dir(root.join(".tmp")).unwrap().count(), 0);
}
