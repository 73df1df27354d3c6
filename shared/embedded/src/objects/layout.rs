//! The paths below the root of the store, and the conversion of an address to a path.
//!
//! `<bucket>/<key>` is the object. Everything else is in folders with names that no bucket can have:
//! - `.meta/<bucket>/<key>`: attributes of an object
//! - `.buckets/<bucket>.json`: description of a bucket
//! - `.tmp/`: files that are being written

use super::named::Named;
use super::names::check_key;
use crate::private;
use jiff::Timestamp;
use segue_ports::object::{ObjectAddress, check_bucket_name};
use segue_ports::{Clock as _, PortError, SystemClock};
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The directory of an object store.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
    /// Whether files and their names are synced to the disk before a write is answered.
    sync: bool,
    /// The folders with names that are on the disk.
    pub(super) named: Named,
    /// The last generation that was given. Generations increase even if the clock does not.
    last: AtomicU64,
}

impl Layout {
    pub(super) fn open(root: &Path, sync: bool) -> Result<Self, PortError> {
        let layout = Self { sync, ..Self::at(root) };
        if let Some(above) = root.parent() {
            std::fs::create_dir_all(above).map_err(|error| failed(above, &error))?;
        }
        private::ensure_folder(root).map_err(|error| failed(root, &error))?;
        for folder in [layout.temporaries(), root.join(".meta"), root.join(".buckets")] {
            std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        }
        Ok(layout)
    }

    /// The directory of a store, which need not exist. Nothing is created or synced.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), sync: false, named: Named::default(), last: AtomicU64::new(0) }
    }

    /// Syncs the content of a file to the disk, if the durability is full.
    pub(super) fn sync_file(&self, file: &Path) -> Result<(), PortError> {
        if !self.sync {
            return Ok(());
        }
        std::fs::File::open(file).and_then(|file| file.sync_all()).map_err(|error| failed(file, &error))
    }

    /// Brings the name of `path`, or its removal, and the names of the folders below `top` to the disk, if the
    /// durability is full.
    pub(super) fn sync_names(&self, path: &Path, top: &Path) -> Result<(), PortError> {
        if !self.sync {
            return Ok(());
        }
        self.named.sync(path, top, private::sync_folder).map_err(|(folder, error)| failed(folder, &error))
    }

    fn temporaries(&self) -> PathBuf {
        self.root.join(".tmp")
    }

    /// Removes the half-written files of a process that died.
    pub(super) fn sweep(&self) -> Result<(), PortError> {
        let folder = self.temporaries();
        let entries = std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?;
        for entry in entries.flatten() {
            // A file that cannot be removed only takes up space.
            let _ = std::fs::remove_file(entry.path());
        }
        Ok(())
    }

    /// The next generation: nanoseconds since 1970, but always larger than all earlier generations.
    pub(super) fn next_generation(&self) -> u64 {
        let now = u64::try_from(SystemClock.now().as_nanosecond()).unwrap_or_default();
        let before = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(now.max(last + 1)))
            .unwrap_or_else(|last| last);
        now.max(before + 1)
    }

    /// A new path for a file that is being written.
    pub(super) fn temporary(&self) -> PathBuf {
        self.temporaries().join(format!("{}-{}", std::process::id(), self.next_generation()))
    }

    /// The directory of a bucket, which need not exist.
    pub(super) fn bucket(&self, name: &str) -> Result<PathBuf, PortError> {
        check_bucket_name(name)?;
        Ok(self.root.join(name))
    }

    /// The names of all buckets. A folder with a name that no bucket can have is skipped.
    pub(super) fn bucket_names(&self) -> Result<Vec<String>, PortError> {
        let entries = std::fs::read_dir(&self.root).map_err(|error| failed(&self.root, &error))?;
        let names = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        Ok(names.filter(|name| check_bucket_name(name).is_ok()).collect())
    }

    /// The file with the description of a bucket.
    pub(super) fn bucket_file(&self, name: &str) -> PathBuf {
        self.root.join(".buckets").join(format!("{name}.json"))
    }

    /// The folder with the attributes of a bucket's objects.
    pub(super) fn attributes_of_bucket(&self, name: &str) -> PathBuf {
        self.root.join(".meta").join(name)
    }

    /// The file with the attributes of an object.
    pub(super) fn attributes(&self, address: &ObjectAddress) -> PathBuf {
        self.attributes_of_bucket(&address.bucket).join(&address.key)
    }

    /// The directory of a bucket. Fails if the bucket does not exist.
    pub(super) fn existing_bucket(&self, name: &str) -> Result<PathBuf, PortError> {
        let path = self.bucket(name)?;
        if is_directory(&path)? { Ok(path) } else { Err(unknown_bucket(name)) }
    }

    /// The file of an object, which need not exist. The name is checked. No folder of the path may be a symbolic link.
    pub(super) fn object(&self, address: &ObjectAddress) -> Result<PathBuf, PortError> {
        check_key(&address.key)?;
        let mut path = self.bucket(&address.bucket)?;
        refuse_link(&path, address)?;
        for part in address.key.split('/') {
            path.push(part);
            refuse_link(&path, address)?;
        }
        Ok(path)
    }
}

fn refuse_link(path: &Path, address: &ObjectAddress) -> Result<(), PortError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(PortError::invalid(format!(
            "{address} is behind a symbolic link ({}), and links are not followed",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Whether there is a directory at the path. A link to a directory does not count.
pub(super) fn is_directory(path: &Path) -> Result<bool, PortError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Whether the error says that the file does not exist.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The generation of a file, which is the time of its last write in nanoseconds since 1970.
pub(super) fn generation(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

/// The time of a generation.
pub(super) fn moment(generation: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(generation)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Sets the time of a new file to its generation, before the file is in the store.
pub(super) fn stamp(path: &Path, generation: u64) -> io::Result<()> {
    std::fs::File::open(path)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(generation))
}

/// An error of the file system.
pub(super) fn failed(path: &Path, error: &io::Error) -> PortError {
    PortError::unavailable("object store", format!("{}: {error}", path.display()))
}

/// The error for a bucket that does not exist.
pub(super) fn unknown_bucket(name: &str) -> PortError {
    PortError::not_found(format!("the bucket '{name}'"))
}
