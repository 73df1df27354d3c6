//! Moves a finished file to its final path. This makes every write atomic.

use super::attributes::{describe, say};
use super::layout::{Layout, failed, generation, stamp, unknown_bucket};
use crate::private;
use segue_ports::PortError;
use segue_ports::object::{ObjectAddress, ObjectAttributes, ObjectInfo};
use std::io::ErrorKind;
use std::path::Path;

/// The number of times that a folder is created again after a concurrent removal deleted it.
const TRIES: u32 = 100;

/// A temporary file. Dropping this value removes the file, unless it was moved to its final path.
pub(super) struct Temporary<'a>(pub(super) &'a Path);

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // After a rename, the file no longer exists at this path. A rename onto a link to the same file does nothing,
        // so the file still exists.
        let _ = std::fs::remove_file(self.0);
    }
}

/// Gives a new file its generation and moves it to its final path.
pub(super) fn place_new(
    layout: &Layout,
    file: &Path,
    address: &ObjectAddress,
    attributes: &ObjectAttributes,
) -> Result<ObjectInfo, PortError> {
    private::close(file)
        .and_then(|()| stamp(file, layout.next_generation()))
        .map_err(|error| failed(file, &error))?;
    layout.sync_file(file)?;
    place(layout, file, address, attributes)
}

/// Moves a file to its final path.
pub(super) fn place(
    layout: &Layout,
    file: &Path,
    address: &ObjectAddress,
    attributes: &ObjectAttributes,
) -> Result<ObjectInfo, PortError> {
    let target = layout.object(address)?;
    let bucket = layout.existing_bucket(&address.bucket)?;
    let metadata = std::fs::symlink_metadata(file).map_err(|error| failed(file, &error))?;
    if target.is_dir() {
        return Err(folder_in_the_way(address));
    }
    say(layout, address, generation(&metadata), attributes).map_err(|error| match error {
        // The attributes are in folders with the same names as the object, so they can be blocked too.
        PortError::Unavailable { .. } if blocked(&target, &bucket) => folder_in_the_way(address),
        other => other,
    })?;
    let mut tries = 0;
    loop {
        tries += 1;
        let moved = match target.parent() {
            Some(folder) if folder != bucket => layout.named.create(folder),
            _ => Ok(()),
        }
        .and_then(|()| std::fs::rename(file, &target));
        match moved {
            Ok(()) => {
                layout.sync_names(&target, &bucket)?;
                return Ok(describe(layout, address, &metadata));
            }
            Err(_) if target.is_dir() || blocked(&target, &bucket) => {
                return Err(folder_in_the_way(address));
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !bucket.is_dir() => {
                return Err(unknown_bucket(&address.bucket));
            }
            // Creating a folder fails with different errors while the folder is being removed.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists)
                    && tries < TRIES =>
            {
                std::thread::yield_now();
            }
            Err(error) => return Err(failed(&target, &error)),
        }
    }
}

/// Whether a file exists at the path of a folder above `target`.
fn blocked(target: &Path, bucket: &Path) -> bool {
    target.ancestors().skip(1).take_while(|folder| *folder != bucket).any(Path::is_file)
}

fn folder_in_the_way(address: &ObjectAddress) -> PortError {
    PortError::invalid(format!(
        "{address} cannot be written: one of its folders is an object, or it is the folder of other objects, and \
         a directory cannot have both under one name; use another name"
    ))
}
