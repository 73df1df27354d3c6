//! Where things lie below the root, and the way from an address to a file.
//!
//! `<bucket>/<key>` is the object itself. What else there is to say lies in folders whose names no bucket can
//! have: `.meta/<bucket>/<key>` (attributes), `.buckets/<bucket>.json`, `.tmp/` (files on their way).

use super::names::check_key;
use crate::private;
use jiff::Timestamp;
use segue_ports::PortError;
use segue_ports::object::ObjectAddress;
use segue_ports::object::check_bucket_name;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The directory of a store.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
    /// Files and their names are on the disk before a write is answered.
    sync: bool,
    /// The last generation given: they rise even when the clock does not.
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

    /// The directory of a store that somebody else has opened, or that need not be there.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), sync: false, last: AtomicU64::new(0) }
    }

    /// Writes a file's content to the disk, where that is asked for.
    pub(super) fn sync_file(&self, file: &Path) -> Result<(), PortError> {
        if !self.sync {
            return Ok(());
        }
        std::fs::File::open(file).and_then(|file| file.sync_all()).map_err(|error| failed(file, &error))
    }

    /// Writes the entries of the folders above `path`, up to and with `top`, to the disk, where that is asked for. A
    /// folder that was removed meanwhile has none.
    pub(super) fn sync_names(&self, path: &Path, top: &Path) -> Result<(), PortError> {
        if !self.sync {
            return Ok(());
        }
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
            match private::sync_folder(folder) {
                Err(error) if !is_absent(&error) => return Err(failed(folder, &error)),
                _ => {}
            }
        }
        Ok(())
    }

    fn temporaries(&self) -> PathBuf {
        self.root.join(".tmp")
    }

    /// Removes what a process that died left on its way.
    pub(super) fn sweep(&self) -> Result<(), PortError> {
        let folder = self.temporaries();
        let entries = std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?;
        for entry in entries.flatten() {
            // One that cannot be removed only takes up room.
            let _ = std::fs::remove_file(entry.path());
        }
        Ok(())
    }

    /// A number larger than all before it: nanoseconds since 1970.
    pub(super) fn next_generation(&self) -> u64 {
        let now = u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
        let before = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(now.max(last + 1)))
            .unwrap_or_else(|last| last);
        now.max(before + 1)
    }

    /// A path for a file on its way.
    pub(super) fn temporary(&self) -> PathBuf {
        self.temporaries().join(format!("{}-{}", std::process::id(), self.next_generation()))
    }

    /// The directory of a bucket, which need not be there.
    pub(super) fn bucket(&self, name: &str) -> Result<PathBuf, PortError> {
        check_bucket_name(name)?;
        Ok(self.root.join(name))
    }

    /// What is known of a bucket besides.
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

    /// The directory of a bucket that must be there.
    pub(super) fn existing_bucket(&self, name: &str) -> Result<PathBuf, PortError> {
        let path = self.bucket(name)?;
        if is_directory(&path)? { Ok(path) } else { Err(unknown_bucket(name)) }
    }

    /// The file of an object, which need not be there. Its name is checked, and no folder on the way is a link
    /// that leads elsewhere.
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
            "{address} lies behind a symbolic link ({}), which is not followed",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Whether there is a directory, not a link to one.
pub(super) fn is_directory(path: &Path) -> Result<bool, PortError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Whether the error says that there is no such file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The generation of a file: when it was last written, in nanoseconds.
pub(super) fn generation(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

/// The moment of a generation.
pub(super) fn moment(generation: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(generation)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Gives a file that is not in the store yet the generation it will have there.
pub(super) fn stamp(path: &Path, generation: u64) -> io::Result<()> {
    std::fs::File::open(path)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(generation))
}

/// An error of the file system.
pub(super) fn failed(path: &Path, error: &io::Error) -> PortError {
    PortError::unavailable("object store", format!("{}: {error}", path.display()))
}

/// There is no such bucket.
pub(super) fn unknown_bucket(name: &str) -> PortError {
    PortError::not_found(format!("the bucket '{name}'"))
}
