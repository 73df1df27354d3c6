//! The object store in a directory.
//!
//! What it is: [`DirectoryObjectStore`]. The object `gs://bucket/key` is the file `<root>/bucket/key`. So code that
//! reads files can read objects, for example the external tables of the warehouse. `layout` describes the other files.
//!
//! An object is never changed in place. A new file replaces the old one. So a copy inside the store can be a hard link,
//! which copies no bytes.
//!
//! What it must not know: what the objects are for.
//!
//! What it cannot do: keep an object `a` and an object `a/b` at the same time.
//!
//! Every write is atomic. With [`Durability::Full`], an object and its name are on the disk before the write is
//! answered.

mod attributes;
pub(crate) mod files;
mod layout;
mod list;
mod named;
mod names;
mod place;

#[cfg(test)]
mod tests;

use crate::durability::Durability;
use async_trait::async_trait;
use attributes::{bucket as bucket_info, describe, forget, prune, say_of_bucket};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use layout::{Layout, failed, is_absent};
use list::Query;
use place::{Temporary, place, place_new};
use segue_ports::object::{
    BucketInfo, BucketSpec, ByteStream, Listing, ListingPage, ObjectAddress, ObjectAttributes, ObjectInfo,
    ObjectStore,
};
use segue_ports::{Clock as _, PortError, SystemClock};
use std::io::{ErrorKind, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

/// The number of bytes that are read or written at once.
const CHUNK: usize = 1 << 20;

/// Buckets as directories, objects as files. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DirectoryObjectStore {
    layout: Arc<Layout>,
}

impl DirectoryObjectStore {
    /// The store in a directory. Creates the directory if it does not exist.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if the directory cannot be created.
    pub fn open(root: &Path) -> Result<Self, PortError> {
        Self::open_with(root, Durability::default())
    }

    /// Like [`Self::open`]. `durability` is what an answered write survives.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(root: &Path, durability: Durability) -> Result<Self, PortError> {
        Ok(Self { layout: Arc::new(Layout::open(root, durability.is_full())?) })
    }

    /// Creates a bucket if it does not exist.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the name is not allowed. [`PortError::Unavailable`] if the disk fails.
    pub fn ensure_bucket(&self, name: &str) -> Result<(), PortError> {
        let path = self.layout.bucket(name)?;
        std::fs::create_dir_all(&path).map_err(|error| failed(&path, &error))
    }

    /// As `put_file`, on a thread that may block.
    pub(crate) fn put_file_here(
        &self,
        address: &ObjectAddress,
        file: &Path,
        attributes: &ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        place_file(&self.layout, address, file, attributes)
    }

    /// The description of an object, on a thread that may block.
    pub(crate) fn info_here(&self, address: &ObjectAddress) -> Result<ObjectInfo, PortError> {
        open(&self.layout, address).map(|(_, _, info)| info)
    }

    /// Removes the half-written files of a process that died. The caller must be the only user of the
    /// directory.
    pub(crate) fn sweep(&self) -> Result<(), PortError> {
        self.layout.sweep()
    }

    /// Runs `work`, which may wait for the disk, on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Layout) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let layout = Arc::clone(&self.layout);
        let done = tokio::task::spawn_blocking(move || work(&layout)).await;
        done.map_err(|error| PortError::unavailable("object store", error))?
    }
}

/// Creates a file that only its owner can read.
async fn create(path: &Path) -> std::io::Result<tokio::fs::File> {
    tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).await
}

fn unknown_object(address: &ObjectAddress) -> PortError {
    PortError::not_found(address.to_string())
}

/// Opens an object for reading. The description belongs to exactly the file that was opened.
fn open(layout: &Layout, address: &ObjectAddress) -> Result<(std::fs::File, PathBuf, ObjectInfo), PortError> {
    let path = layout.object(address)?;
    let opened = std::fs::File::open(&path).and_then(|file| {
        let metadata = file.metadata()?;
        if metadata.is_file() { Ok((file, metadata)) } else { Err(ErrorKind::NotFound.into()) }
    });
    match opened {
        Ok((file, metadata)) => Ok((file, path, describe(layout, address, &metadata))),
        Err(error) if is_absent(&error) => Err(unknown_object(address)),
        Err(error) => Err(failed(&path, &error)),
    }
}

/// Makes a local file an object.
fn place_file(
    layout: &Layout,
    address: &ObjectAddress,
    file: &Path,
    attributes: &ObjectAttributes,
) -> Result<ObjectInfo, PortError> {
    layout.object(address)?;
    layout.existing_bucket(&address.bucket)?;
    match std::fs::symlink_metadata(file) {
        Ok(metadata) if metadata.is_file() => {}
        // A link in the store would lead to a file outside the store.
        Ok(_) => {
            return Err(PortError::invalid(format!("{} is not a plain file", file.display())));
        }
        Err(error) if is_absent(&error) => {
            return Err(PortError::not_found(format!("the file {}", file.display())));
        }
        Err(error) => return Err(failed(file, &error)),
    }
    let path = layout.temporary();
    let _temporary = Temporary(&path);
    // The file is first moved into the folder for files that are being written. Nobody else uses it there, so
    // it can get its generation.
    let moved = std::fs::rename(file, &path).is_ok();
    if !moved {
        std::fs::copy(file, &path).map_err(|error| failed(file, &error))?;
    }
    match place_new(layout, &path, address, attributes) {
        Ok(info) if moved => Ok(info),
        Ok(info) => {
            std::fs::remove_file(file).map_err(|error| failed(file, &error))?;
            Ok(info)
        }
        Err(error) => {
            if moved {
                // The store did not take the file, so it is moved back to the caller.
                let _ = std::fs::rename(&path, file);
            }
            Err(error)
        }
    }
}

/// The description of a bucket.
fn bucket_of(spec: BucketSpec, created: Timestamp) -> BucketInfo {
    BucketInfo {
        name: spec.name,
        location: spec.location,
        storage_class: spec.storage_class,
        labels: spec.labels,
        created,
        updated: SystemClock.now(),
    }
}

#[async_trait]
impl ObjectStore for DirectoryObjectStore {
    async fn create_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        self.blocking(move |layout| {
            let path = layout.bucket(&spec.name)?;
            match std::fs::create_dir(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    return Err(PortError::AlreadyExists { what: format!("the bucket '{}'", spec.name) });
                }
                Err(error) => return Err(failed(&path, &error)),
            }
            let info = bucket_of(spec, SystemClock.now());
            say_of_bucket(layout, &info)?;
            layout.sync_names(&path, &layout.root)?;
            Ok(info)
        })
        .await
    }

    async fn update_bucket(&self, spec: BucketSpec) -> Result<BucketInfo, PortError> {
        self.blocking(move |layout| {
            let known = bucket_info(layout, &spec.name)?.ok_or_else(|| layout::unknown_bucket(&spec.name))?;
            let info = bucket_of(spec, known.created);
            say_of_bucket(layout, &info)?;
            Ok(info)
        })
        .await
    }

    async fn bucket(&self, name: &str) -> Result<Option<BucketInfo>, PortError> {
        let name = name.to_owned();
        self.blocking(move |layout| bucket_info(layout, &name)).await
    }

    async fn list_buckets(&self) -> Result<Vec<BucketInfo>, PortError> {
        self.blocking(move |layout| {
            let mut names = layout.bucket_names()?;
            names.sort_unstable();
            let known = names.iter().map(|name| bucket_info(layout, name));
            Ok(known.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
        .await
    }

    async fn delete_bucket(&self, name: &str) -> Result<(), PortError> {
        let name = name.to_owned();
        self.blocking(move |layout| {
            let path = layout.existing_bucket(&name)?;
            if !list::is_empty(&path)? {
                return Err(PortError::invalid(format!(
                    "the bucket '{name}' is not empty; delete its objects first"
                )));
            }
            // Only folders are left. Their objects were removed at the same time.
            layout.named.remove_all(&path).map_err(|error| failed(&path, &error))?;
            for left in [layout.attributes_of_bucket(&name), layout.bucket_file(&name)] {
                let removed =
                    if left.is_dir() { layout.named.remove_all(&left) } else { std::fs::remove_file(&left) };
                removed
                    .or_else(|error| if is_absent(&error) { Ok(()) } else { Err(failed(&left, &error)) })?;
            }
            Ok(())
        })
        .await
    }

    async fn put(
        &self,
        address: &ObjectAddress,
        mut bytes: ByteStream,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        self.layout.object(address)?;
        self.layout.existing_bucket(&address.bucket)?;
        let path = self.layout.temporary();
        let temporary = Temporary(&path);
        let file = create(&path).await.map_err(|error| failed(&path, &error))?;
        let mut file = tokio::io::BufWriter::with_capacity(CHUNK, file);
        while let Some(chunk) = bytes.try_next().await? {
            file.write_all(&chunk).await.map_err(|error| failed(&path, &error))?;
        }
        file.flush().await.map_err(|error| failed(&path, &error))?;
        drop(file);
        let (from, to) = (path.clone(), address.clone());
        let info = self.blocking(move |layout| place_new(layout, &from, &to, &attributes)).await;
        drop(temporary);
        info
    }

    async fn put_file(
        &self,
        address: &ObjectAddress,
        file: &Path,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        let (address, file) = (address.clone(), file.to_owned());
        self.blocking(move |layout| place_file(layout, &address, &file, &attributes)).await
    }

    async fn get(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ByteStream), PortError> {
        let address = address.clone();
        let (file, path, info) = self.blocking(move |layout| open(layout, &address)).await?;
        let bytes = ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK)
            .map(move |chunk: std::io::Result<Bytes>| chunk.map_err(|error| failed(&path, &error)));
        Ok((info, bytes.boxed()))
    }

    async fn get_range(
        &self,
        address: &ObjectAddress,
        first: u64,
        length: u64,
    ) -> Result<(ObjectInfo, ByteStream), PortError> {
        let address = address.clone();
        let opened = self.blocking(move |layout| {
            let (mut file, path, info) = open(layout, &address)?;
            file.seek(SeekFrom::Start(first)).map_err(|error| failed(&path, &error))?;
            Ok((file, path, info))
        });
        let (file, path, info) = opened.await?;
        let part = tokio::fs::File::from_std(file).take(length);
        let bytes = ReaderStream::with_capacity(part, CHUNK)
            .map(move |chunk: std::io::Result<Bytes>| chunk.map_err(|error| failed(&path, &error)));
        Ok((info, bytes.boxed()))
    }

    async fn get_file(&self, address: &ObjectAddress, file: &Path) -> Result<ObjectInfo, PortError> {
        let (address, target) = (address.clone(), file.to_owned());
        self.blocking(move |layout| {
            let (_, path, info) = open(layout, &address)?;
            // The file system makes the copy without reading the bytes, if it can (copy_file_range, shared blocks).
            std::fs::copy(&path, &target).map_err(|error| failed(&target, &error))?;
            Ok(info)
        })
        .await
    }

    async fn head(&self, address: &ObjectAddress) -> Result<Option<ObjectInfo>, PortError> {
        let address = address.clone();
        self.blocking(move |layout| match open(layout, &address) {
            Ok((_, _, info)) => Ok(Some(info)),
            Err(PortError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn list(&self, bucket: &str, prefix: &str, delimiter: Option<char>) -> Result<Listing, PortError> {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        self.blocking(move |layout| {
            let (bucket, prefix) = (&*bucket, &*prefix);
            list::list(layout, &Query { bucket, prefix, delimiter, after: None, most: usize::MAX })
        })
        .await
    }

    async fn list_page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<char>,
        from: Option<&str>,
        most: usize,
    ) -> Result<ListingPage, PortError> {
        let (bucket, prefix, from) = (bucket.to_owned(), prefix.to_owned(), from.map(str::to_owned));
        self.blocking(move |layout| {
            let (bucket, prefix, after) = (&*bucket, &*prefix, from.as_deref());
            list::page(layout, &Query { bucket, prefix, delimiter, after, most: most.max(1) })
        })
        .await
    }

    async fn delete(&self, address: &ObjectAddress) -> Result<bool, PortError> {
        let address = address.clone();
        self.blocking(move |layout| {
            let path = layout.object(&address)?;
            if path.is_dir() {
                return Ok(false);
            }
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if is_absent(&error) => return Ok(false),
                Err(error) => return Err(failed(&path, &error)),
            }
            let bucket = layout.bucket(&address.bucket)?;
            prune(layout, &path, &bucket);
            forget(layout, &address)?;
            layout.sync_names(&path, &bucket)?;
            Ok(true)
        })
        .await
    }

    async fn copy(
        &self,
        from: &ObjectAddress,
        to: &ObjectAddress,
        attributes: Option<ObjectAttributes>,
    ) -> Result<ObjectInfo, PortError> {
        let (from, to) = (from.clone(), to.clone());
        self.blocking(move |layout| {
            layout.existing_bucket(&from.bucket)?;
            let (_, source, info) = open(layout, &from)?;
            let attributes = attributes.unwrap_or(info.attributes);
            let path = layout.temporary();
            let _temporary = Temporary(&path);
            if std::fs::hard_link(&source, &path).is_ok() {
                return place(layout, &path, &to, &attributes);
            }
            // The file system has no links, or this file has too many.
            std::fs::copy(&source, &path).map_err(|error| failed(&source, &error))?;
            place_new(layout, &path, &to, &attributes)
        })
        .await
    }
}
