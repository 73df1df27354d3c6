//! The attributes of buckets and objects. They are in small JSON files. An object without attributes has no such file.

use super::layout::{Layout, failed, generation, is_absent, is_directory, moment};
use crate::private;
use jiff::Timestamp;
use segue_ports::PortError;
use segue_ports::object::{BucketInfo, ObjectAddress, ObjectAttributes, ObjectInfo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::path::Path;

/// The attributes of one generation of an object. Attributes of an older generation are ignored. So the object and its
/// attributes need not be written at the same time.
#[derive(Serialize, Deserialize)]
struct Said {
    generation: u64,
    attributes: ObjectAttributes,
}

/// The description of the object with this file and its attributes.
pub(super) fn describe(layout: &Layout, address: &ObjectAddress, metadata: &Metadata) -> ObjectInfo {
    let generation = generation(metadata);
    let said: Option<Said> = read(&layout.attributes(address)).unwrap_or_default();
    ObjectInfo {
        address: address.clone(),
        size: metadata.len(),
        generation,
        updated: moment(generation),
        attributes: said
            .filter(|said| said.generation == generation)
            .map(|said| said.attributes)
            .unwrap_or_default(),
    }
}

/// Writes the attributes of a generation. The object of this generation is written afterwards.
pub(super) fn say(
    layout: &Layout,
    address: &ObjectAddress,
    generation: u64,
    attributes: &ObjectAttributes,
) -> Result<(), PortError> {
    let path = layout.attributes(address);
    if *attributes == ObjectAttributes::default() {
        return forget(layout, address);
    }
    write(layout, &path, &Said { generation, attributes: attributes.clone() })
}

/// Removes the attributes of an object.
pub(super) fn forget(layout: &Layout, address: &ObjectAddress) -> Result<(), PortError> {
    let path = layout.attributes(address);
    match std::fs::remove_file(&path) {
        Ok(()) => {
            prune(layout, &path, &layout.attributes_of_bucket(&address.bucket));
            Ok(())
        }
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(failed(&path, &error)),
    }
}

/// The description of a bucket. `None` if the bucket does not exist.
pub(super) fn bucket(layout: &Layout, name: &str) -> Result<Option<BucketInfo>, PortError> {
    let path = layout.bucket(name)?;
    if !is_directory(&path)? {
        return Ok(None);
    }
    if let Some(info) = read(&layout.bucket_file(name))? {
        return Ok(Some(info));
    }
    let made = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
    let made = made.ok().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Some(BucketInfo {
        name: name.to_owned(),
        location: None,
        storage_class: None,
        labels: Default::default(),
        created: made,
        updated: made,
    }))
}

/// Writes the description of a bucket.
pub(super) fn say_of_bucket(layout: &Layout, info: &BucketInfo) -> Result<(), PortError> {
    write(layout, &layout.bucket_file(&info.name), info)
}

/// Removes the empty folders above `path`, below `top`.
pub(super) fn prune(layout: &Layout, path: &Path, top: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != top && folder.starts_with(top)) {
        // The first folder that is not empty stays, and so do the folders above it.
        if layout.named.remove(folder).is_err() {
            return;
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, PortError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            PortError::unavailable("object store", format!("{} cannot be read: {error}", path.display()))
        }),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

fn write<T: Serialize>(layout: &Layout, path: &Path, value: &T) -> Result<(), PortError> {
    let bytes = serde_json::to_vec(value).map_err(|error| PortError::unavailable("object store", error))?;
    let temporary = layout.temporary();
    let written = std::fs::write(&temporary, bytes)
        .and_then(|()| private::close(&temporary))
        .map_err(|error| failed(path, &error))
        .and_then(|()| layout.sync_file(&temporary))
        .and_then(|()| {
            path.parent()
                .map_or(Ok(()), |folder| layout.named.create(folder))
                .map_err(|error| failed(path, &error))?;
            std::fs::rename(&temporary, path).map_err(|error| failed(path, &error))
        });
    match written {
        Ok(()) => layout.sync_names(path, &layout.root),
        Err(error) => {
            let _ = std::fs::remove_file(&temporary);
            Err(error)
        }
    }
}
