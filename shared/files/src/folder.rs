//! Keeps a directory of this machine equal to a prefix of internal storage. This is for work on other machines, which
//! do not see this disk. Contents and names of files are kept. Modes, empty folders and links are not kept.

use crate::glob::WorkingGlobs;
use crate::limits::AT_ONCE;
use crate::output::{self, FoundFile};
use crate::path::{disk_error, prepare, storage_name};
use futures::{StreamExt as _, TryStreamExt as _};
use segue_model::{Json, Map};
use segue_ports::{InternalStorage, ObjectStore, PortError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file of internal storage below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The path below the prefix.
    pub relative: String,
    /// The URI of the file.
    pub uri: String,
}

/// The files below a prefix, sorted by path. `prefix` has no slash at its end.
///
/// # Errors
/// As [`InternalStorage::list`].
pub async fn list(storage: &InternalStorage, prefix: &str) -> Result<Vec<StoredFile>, PortError> {
    let below = format!("{prefix}/");
    let start = InternalStorage::uri(&below);
    let listed = storage.list(&below).await?;
    let mut files: Vec<StoredFile> = listed
        .into_iter()
        .filter_map(|(uri, _)| {
            // A key with a slash at the end is a folder. A mount of the prefix created it.
            let relative =
                uri.strip_prefix(&start).filter(|name| !name.is_empty() && !name.ends_with('/'))?;
            Some(StoredFile { relative: relative.to_owned(), uri })
        })
        .collect();
    files.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(files)
}

/// Copies all files of a directory to a prefix.
///
/// # Errors
/// As [`InternalStorage::put`]. [`PortError::Invalid`] if a file cannot be read.
pub async fn upload(storage: &InternalStorage, prefix: &str, dir: &Path) -> Result<(), PortError> {
    put(storage, prefix, &all(dir).await?).await
}

/// Removes all objects below a prefix, also objects that stand for folders.
///
/// # Errors
/// As [`InternalStorage::delete`].
pub async fn remove(storage: &InternalStorage, prefix: &str) -> Result<(), PortError> {
    let listed = storage.list(&format!("{prefix}/")).await?;
    futures::stream::iter(listed)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |(uri, _)| async move { storage.delete(&uri).await.map(|_| ()) })
        .await
}

/// Copies files of internal storage to other paths. Returns the new URIs by file name. The object store makes the
/// copies, so no bytes pass through this process. `key` returns the path in internal storage for a plain file name.
///
/// # Errors
/// As [`ObjectStore::copy`].
pub async fn keep(
    (objects, storage): (&dyn ObjectStore, &InternalStorage),
    files: &[StoredFile],
    key: impl Fn(&str) -> String,
) -> Result<Map, PortError> {
    let copies: Vec<_> = files
        .iter()
        .map(|file| (file.relative.clone(), file.uri.clone(), key(&storage_name(&file.relative))))
        .collect();
    let copies = copies.into_iter().map(|(name, from, path)| async move {
        let to = InternalStorage::uri(&path);
        objects.copy(&storage.address(&from)?, &storage.address(&to)?, None).await?;
        Ok::<_, PortError>((name, Json::String(to)))
    });
    let kept: BTreeMap<String, Json> = futures::stream::iter(copies).buffered(AT_ONCE).try_collect().await?;
    Ok(kept.into_iter().collect())
}

/// A directory that several attempts share through a prefix of internal storage. An attempt fetches the directory
/// before its work and stores the changes afterwards. Only one attempt works at a time.
#[derive(Debug)]
pub struct SharedFolder {
    prefix: String,
    dir: PathBuf,
    fetched: BTreeMap<String, (u64, SystemTime)>,
}

impl SharedFolder {
    /// Fetches the files that earlier attempts stored. Afterwards the directory has exactly these files.
    ///
    /// # Errors
    /// As [`InternalStorage::get_file`]. [`PortError::Invalid`] if the directory cannot be written.
    pub async fn fetch(
        storage: &InternalStorage,
        prefix: impl Into<String>,
        dir: &Path,
    ) -> Result<Self, PortError> {
        let prefix = prefix.into();
        clear(dir).await?;
        let mut targets = Vec::new();
        for file in list(storage, &prefix).await? {
            targets.push((prepare(dir, &file.relative).await?, file.uri));
        }
        futures::stream::iter(targets)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |(target, uri)| async move {
                storage.get_file(&uri, &target).await.map(|_| ())
            })
            .await?;
        let fetched = seen(&all(dir).await?);
        Ok(Self { prefix, dir: dir.to_path_buf(), fetched })
    }

    /// Stores the files that were added or changed since the fetch, and removes the files that were removed.
    ///
    /// # Errors
    /// As [`InternalStorage::put`] and [`InternalStorage::delete`].
    pub async fn hand_on(&self, storage: &InternalStorage) -> Result<(), PortError> {
        let files = all(&self.dir).await?;
        let now = seen(&files);
        let changed: Vec<FoundFile> = files
            .into_iter()
            .filter(|file| {
                let before = self.fetched.get(&file.relative);
                before.is_none() || before != now.get(&file.relative)
            })
            .collect();
        put(storage, &self.prefix, &changed).await?;
        for gone in self.fetched.keys().filter(|name| !now.contains_key(*name)) {
            storage.delete(&InternalStorage::uri(&format!("{}/{gone}", self.prefix))).await?;
        }
        Ok(())
    }
}

async fn all(dir: &Path) -> Result<Vec<FoundFile>, PortError> {
    Ok(output::find(dir, WorkingGlobs::new(dir, &["**".to_owned()])?).await?.files)
}

async fn put(storage: &InternalStorage, prefix: &str, files: &[FoundFile]) -> Result<(), PortError> {
    let sent: Vec<_> =
        files.iter().map(|file| (format!("{prefix}/{}", file.relative), file.path.clone())).collect();
    futures::stream::iter(sent)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |(path, file)| async move {
            output::copy(storage, &path, &file).await.map(|_| ())
        })
        .await
}

fn seen(files: &[FoundFile]) -> BTreeMap<String, (u64, SystemTime)> {
    let look = |file: &FoundFile| {
        let metadata = std::fs::metadata(&file.path).ok()?;
        Some((file.relative.clone(), (metadata.len(), metadata.modified().ok()?)))
    };
    files.iter().filter_map(look).collect()
}

/// Removes the content of a directory, but not the directory. A process may use it as its working directory.
async fn clear(dir: &Path) -> Result<(), PortError> {
    let wrong = |error: std::io::Error| disk_error("empty", dir, &error);
    let mut entries = tokio::fs::read_dir(dir).await.map_err(wrong)?;
    while let Some(entry) = entries.next_entry().await.map_err(wrong)? {
        let removed = match entry.file_type().await {
            Ok(kind) if kind.is_dir() => tokio::fs::remove_dir_all(entry.path()).await,
            _ => tokio::fs::remove_file(entry.path()).await,
        };
        removed.map_err(wrong)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::storage;

    fn write(dir: &Path, name: &str, text: &str) {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    async fn names(storage: &InternalStorage, prefix: &str) -> Vec<String> {
        list(storage, prefix).await.unwrap().into_iter().map(|file| file.relative).collect()
    }

    #[tokio::test]
    async fn the_next_attempt_finds_the_files_of_the_last() {
        let (storage, _root) = storage();
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(one.path(), "stale", "from an earlier attempt on this machine");
        let first = SharedFolder::fetch(&storage, "e/shared", one.path()).await.unwrap();
        assert!(!one.path().join("stale").exists());
        write(one.path(), "a", "1");
        write(one.path(), "d/日 本.csv", "2");
        write(one.path(), "gone", "3");
        first.hand_on(&storage).await.unwrap();
        storage.put_text("e/shared-not/x", "of somebody else").await.unwrap();

        let second = SharedFolder::fetch(&storage, "e/shared", other.path()).await.unwrap();
        assert_eq!(std::fs::read_to_string(other.path().join("d/日 本.csv")).unwrap(), "2");
        assert!(!other.path().join("x").exists());
        std::fs::remove_file(other.path().join("gone")).unwrap();
        write(other.path(), "a", "changed");
        write(other.path(), "new", "4");
        // Unchanged files are not stored again. Otherwise this file would exist again.
        storage.delete("kestra:///e/shared/d/日 本.csv").await.unwrap();
        second.hand_on(&storage).await.unwrap();
        assert_eq!(names(&storage, "e/shared").await, ["a", "new"]);
        assert_eq!(storage.get_text("kestra:///e/shared/a", 100).await.unwrap(), "changed");
    }

    #[tokio::test]
    async fn a_prefix_is_uploaded_and_removed_as_a_whole() {
        let (storage, _root) = storage();
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "work/a", "1");
        write(dir.path(), "run/b", "2");
        upload(&storage, "e/1", dir.path()).await.unwrap();
        assert_eq!(names(&storage, "e/1").await, ["run/b", "work/a"]);
        storage.put_text("e/10/c", "3").await.unwrap();
        remove(&storage, "e/1").await.unwrap();
        assert_eq!(names(&storage, "e/1").await, Vec::<String>::new());
        assert_eq!(names(&storage, "e/10").await, ["c"]);
    }
}
