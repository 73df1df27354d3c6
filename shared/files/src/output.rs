//! `outputFiles`: stores files of the working directory in internal storage without changes (docs/kestra.md 4.4). A
//! file is moved if nobody needs it any more.

use crate::glob::WorkingGlobs;
use crate::limits::AT_ONCE;
use crate::path::{disk_error, storage_name};
use futures::{StreamExt as _, TryStreamExt as _};
use segue_model::{Json, Map};
use segue_ports::{InternalStorage, PortError};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tokio_util::io::ReaderStream;

/// Folders with this prefix in a working directory belong to the runner. They contain no files of the user.
pub const SCRATCH_PREFIX: &str = ".segue-";

/// A file that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// The path in the directory, with `/` between folders.
    pub relative: String,
    /// The path of the file's content on this machine.
    pub path: PathBuf,
    /// Whether the file may be moved. `false` if a link leads to the file, or if it has other hard links.
    pub movable: bool,
}

/// The result of a search.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The files, sorted by path.
    pub files: Vec<FoundFile>,
    /// Links that match but point out of the directory, or to nothing. They are not stored.
    pub refused: Vec<String>,
    /// Some of the files that do not match, sorted by path, for a message if nothing matches.
    pub others: Vec<String>,
}

/// The most files in [`Found::others`].
const MOST_OTHERS: usize = 10;

/// Finds the files below `dir` that match. Does not follow links to folders.
///
/// # Errors
/// [`PortError::Invalid`] if the directory cannot be read.
pub async fn find(dir: &Path, globs: WorkingGlobs) -> Result<Found, PortError> {
    let dir = dir.to_path_buf();
    let walked = tokio::task::spawn_blocking(move || walk(&dir, &globs)).await;
    walked.map_err(|error| PortError::invalid(format!("the working directory could not be read: {error}")))?
}

fn walk(dir: &Path, globs: &WorkingGlobs) -> Result<Found, PortError> {
    let root = dir.canonicalize().map_err(|error| disk_error("read", dir, &error))?;
    let mut found = Found::default();
    let mut folders = vec![(root.clone(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            // A folder that was removed in the meantime has nothing to store. The same holds for a folder that the
            // script made unreadable.
            Err(error) if prefix.is_empty() => return Err(disk_error("read", &folder, &error)),
            Err(_) => continue,
        };
        for entry in entries {
            let entry = entry.map_err(|error| disk_error("read", &folder, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(|error| disk_error("look at", &entry.path(), &error))?;
            let relative = format!("{prefix}{name}");
            if kind.is_dir() {
                if !(prefix.is_empty() && name.starts_with(SCRATCH_PREFIX)) {
                    folders.push((entry.path(), format!("{relative}/")));
                }
            } else if globs.matches(&relative) {
                if kind.is_symlink() {
                    match linked(&root, &entry.path()) {
                        Link::File(path) => found.files.push(FoundFile { relative, path, movable: false }),
                        Link::Folder => {}
                        Link::Outside => found.refused.push(relative),
                    }
                } else if kind.is_file() {
                    let movable = entry.metadata().is_ok_and(|metadata| metadata.nlink() == 1);
                    found.files.push(FoundFile { relative, path: entry.path(), movable });
                }
            } else if found.others.len() < MOST_OTHERS {
                found.others.push(relative);
            }
        }
    }
    found.files.sort_by(|a, b| a.relative.cmp(&b.relative));
    found.refused.sort();
    found.others.sort();
    Ok(found)
}

/// The target of a link.
enum Link {
    /// A file in the same directory.
    File(PathBuf),
    /// A folder, which never matches.
    Folder,
    /// Nothing, or something outside the directory.
    Outside,
}

fn linked(root: &Path, link: &Path) -> Link {
    match link.canonicalize() {
        Ok(target) if target.is_dir() => Link::Folder,
        Ok(target) if target.starts_with(root) && target.is_file() => Link::File(target),
        _ => Link::Outside,
    }
}

/// What happens to the files in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The files are moved, because nobody uses the directory after this.
    Move,
    /// The files are copied, because others use the directory too.
    Copy,
}

/// Stores files in internal storage, and returns their URIs by name. `key` returns the path in internal storage for a
/// plain file name.
///
/// # Errors
/// As [`InternalStorage::put`]. [`PortError::Invalid`] if a file cannot be read.
pub async fn store(
    storage: &InternalStorage,
    files: &[FoundFile],
    key: impl Fn(&str) -> String,
    keep: Keep,
) -> Result<Map, PortError> {
    let moved = |file: &&FoundFile| keep == Keep::Move && file.movable;
    let copy_one = async |name: String, from: PathBuf, path: String| {
        Ok((name, Json::String(copy(storage, &path, &from).await?)))
    };
    let move_one = async |name: String, from: PathBuf, path: String| {
        Ok((name, Json::String(storage.put_file(&path, &from).await?.0)))
    };
    let parts =
        |file: &FoundFile| (file.relative.clone(), file.path.clone(), key(&storage_name(&file.relative)));
    // All copies are made before the first move, because a link may point to a file that is moved.
    let copies: Vec<_> = files.iter().filter(|file| !moved(file)).map(parts).collect();
    let moves: Vec<_> = files.iter().filter(moved).map(parts).collect();
    let copies = copies.into_iter().map(|(name, from, path)| copy_one(name, from, path));
    let mut uris: BTreeMap<String, Json> =
        futures::stream::iter(copies).buffered(AT_ONCE).try_collect().await?;
    let moves = moves.into_iter().map(|(name, from, path)| move_one(name, from, path));
    let moved: Vec<_> = futures::stream::iter(moves).buffered(AT_ONCE).try_collect().await?;
    uris.extend(moved);
    Ok(uris.into_iter().collect())
}

/// Copies a local file to a path in internal storage.
///
/// # Errors
/// As [`InternalStorage::put`]. [`PortError::Invalid`] if the file cannot be read.
pub async fn copy(storage: &InternalStorage, path: &str, file: &Path) -> Result<String, PortError> {
    let opened = tokio::fs::File::open(file).await.map_err(|error| disk_error("read", file, &error))?;
    let name = file.to_path_buf();
    let stream = ReaderStream::with_capacity(opened, 256 * 1024)
        .map_err(move |error: io::Error| disk_error("read", &name, &error));
    Ok(storage.put(path, Box::pin(stream)).await?.0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytes::Bytes;
    use segue_ports::object::{
        BucketInfo, BucketSpec, ByteStream, Listing, ObjectAddress, ObjectAttributes, ObjectInfo, ObjectStore,
    };
    use std::sync::Arc;

    /// A bucket in a directory, with only the methods that the tests need.
    struct Directory(PathBuf);

    impl Directory {
        fn path(&self, address: &ObjectAddress) -> PathBuf {
            let path = self.0.join(&address.key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        }

        fn info(&self, address: &ObjectAddress) -> Result<ObjectInfo, PortError> {
            let metadata = std::fs::metadata(self.0.join(&address.key))
                .map_err(|_| PortError::not_found(address.to_string()))?;
            Ok(ObjectInfo {
                address: address.clone(),
                size: metadata.len(),
                generation: 1,
                updated: jiff::Timestamp::UNIX_EPOCH,
                attributes: ObjectAttributes::default(),
            })
        }
    }

    #[async_trait]
    impl ObjectStore for Directory {
        async fn create_bucket(&self, _: BucketSpec) -> Result<BucketInfo, PortError> {
            Err(PortError::invalid("not used"))
        }
        async fn update_bucket(&self, _: BucketSpec) -> Result<BucketInfo, PortError> {
            Err(PortError::invalid("not used"))
        }
        async fn bucket(&self, _: &str) -> Result<Option<BucketInfo>, PortError> {
            Ok(None)
        }
        async fn list_buckets(&self) -> Result<Vec<BucketInfo>, PortError> {
            Ok(Vec::new())
        }
        async fn delete_bucket(&self, _: &str) -> Result<(), PortError> {
            Ok(())
        }
        async fn put(
            &self,
            address: &ObjectAddress,
            bytes: ByteStream,
            _: ObjectAttributes,
        ) -> Result<ObjectInfo, PortError> {
            let chunks: Vec<Bytes> = bytes.try_collect().await?;
            std::fs::write(self.path(address), chunks.concat()).unwrap();
            self.info(address)
        }
        async fn put_file(
            &self,
            address: &ObjectAddress,
            file: &Path,
            _: ObjectAttributes,
        ) -> Result<ObjectInfo, PortError> {
            std::fs::rename(file, self.path(address)).unwrap();
            self.info(address)
        }
        async fn get(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ByteStream), PortError> {
            let info = self.info(address)?;
            let bytes = Bytes::from(std::fs::read(self.path(address)).unwrap());
            Ok((info, Box::pin(futures::stream::once(async move { Ok(bytes) }))))
        }
        async fn get_file(&self, address: &ObjectAddress, file: &Path) -> Result<ObjectInfo, PortError> {
            let info = self.info(address)?;
            std::fs::copy(self.path(address), file).unwrap();
            Ok(info)
        }
        async fn head(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError> {
            Ok(self.info(address).ok())
        }
        async fn list(&self, bucket: &str, prefix: &str, _: Option<char>) -> Result<Listing, PortError> {
            let mut objects = Vec::new();
            let mut folders = vec![self.0.clone()];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    let key = path.strip_prefix(&self.0).unwrap().to_string_lossy().into_owned();
                    if path.is_dir() {
                        folders.push(path);
                    } else if key.starts_with(prefix) {
                        objects.push(self.info(&ObjectAddress::new(bucket, key))?);
                    }
                }
            }
            objects.sort_by(|a, b| a.address.cmp(&b.address));
            Ok(Listing { objects, prefixes: Vec::new() })
        }
        async fn delete(&self, address: &ObjectAddress) -> Result<bool, PortError> {
            Ok(std::fs::remove_file(self.path(address)).is_ok())
        }
        async fn copy(
            &self,
            _: &ObjectAddress,
            _: &ObjectAddress,
            _: Option<ObjectAttributes>,
        ) -> Result<ObjectInfo, PortError> {
            Err(PortError::invalid("not used"))
        }
    }

    /// Internal storage in a directory. Dropping the second value removes the directory.
    pub(crate) fn storage() -> (InternalStorage, tempfile::TempDir) {
        let root = tempfile::tempdir().unwrap();
        let objects = Arc::new(Directory(root.path().to_path_buf()));
        (InternalStorage::new(objects, "internal", ""), root)
    }

    async fn bytes_of(storage: &InternalStorage, uri: &Json) -> Vec<u8> {
        let (_, stream) = storage.get(uri.as_str().unwrap()).await.unwrap();
        stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }

    async fn kept(
        dir: &Path,
        patterns: &[&str],
        keep: Keep,
    ) -> (Map, Vec<String>, InternalStorage, tempfile::TempDir) {
        let (storage, root) = storage();
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let found = find(dir, WorkingGlobs::new(dir, &patterns).unwrap()).await.unwrap();
        let map = store(&storage, &found.files, |name| format!("run/{name}"), keep).await.unwrap();
        (map, found.refused, storage, root)
    }

    #[tokio::test]
    async fn files_that_do_not_match_are_named() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["x.CSV", "log.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let patterns = ["*.csv".to_owned()];
        let found = find(dir.path(), WorkingGlobs::new(dir.path(), &patterns).unwrap()).await.unwrap();
        assert_eq!((found.files, found.others), (vec![], vec!["log.txt".to_owned(), "x.CSV".to_owned()]));
    }

    #[tokio::test]
    async fn bytes_are_exact_and_files_are_moved() {
        let dir = tempfile::tempdir().unwrap();
        let binary: Vec<u8> = (0..=255u8).cycle().take(100_001).collect();
        let contents: [(&str, &[u8]); 4] = [
            ("a.bin", &binary),
            ("empty", b""),
            ("mit Leerzeichen 日本.csv", b"a\r\nb"),
            ("sub/x.csv", b"x"),
        ];
        for (name, bytes) in contents {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let (map, refused, storage, _root) = kept(dir.path(), &["**"], Keep::Move).await;
        assert_eq!(map.len(), 4);
        assert!(refused.is_empty());
        for (name, bytes) in contents {
            assert_eq!(bytes_of(&storage, &map[name]).await, bytes, "{name}");
            assert!(!dir.path().join(name).exists(), "{name} is moved");
        }
        assert_eq!(map["sub/x.csv"], "kestra:///run/sub/x.csv");
    }

    #[tokio::test]
    async fn shared_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "1").unwrap();
        let (map, _, storage, _root) = kept(dir.path(), &["a"], Keep::Copy).await;
        assert_eq!(bytes_of(&storage, &map["a"]).await, b"1");
        assert!(dir.path().join("a").exists());
    }

    #[tokio::test]
    async fn links_out_of_the_directory_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        std::fs::write(dir.path().join("real"), "r").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), dir.path().join("out")).unwrap();
        std::os::unix::fs::symlink("real", dir.path().join("in")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("broken")).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("folder")).unwrap();
        std::fs::hard_link(outside.path().join("secret"), dir.path().join("hard")).unwrap();
        let (map, refused, storage, _root) = kept(dir.path(), &["**"], Keep::Move).await;
        assert_eq!(map.keys().collect::<Vec<_>>(), ["hard", "in", "real"]);
        assert_eq!(bytes_of(&storage, &map["in"]).await, b"r");
        assert_eq!(refused, ["broken", "out"]);
        assert!(dir.path().join("hard").exists(), "a file with other names is copied");
    }

    #[tokio::test]
    async fn a_link_to_a_file_that_is_moved_is_copied_first() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..100 {
            std::fs::write(dir.path().join(format!("z{i}")), format!("{i}")).unwrap();
            std::os::unix::fs::symlink(format!("z{i}"), dir.path().join(format!("a{i}"))).unwrap();
        }
        let (map, refused, storage, _root) = kept(dir.path(), &["**"], Keep::Move).await;
        assert_eq!((map.len(), refused.len()), (200, 0));
        for i in 0..100 {
            for name in ["a", "z"] {
                assert_eq!(bytes_of(&storage, &map[&format!("{name}{i}")]).await, i.to_string().as_bytes());
            }
        }
    }

    #[tokio::test]
    async fn special_files_and_the_scratch_folder_do_not_match() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".segue-1")).unwrap();
        std::fs::write(dir.path().join(".segue-1/x"), "").unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        let (map, ..) = kept(dir.path(), &["**"], Keep::Move).await;
        assert!(map.is_empty(), "{map:?}");
    }
}
