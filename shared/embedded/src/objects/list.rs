//! Lists the objects of a bucket in the order of their keys.

use super::attributes::describe;
use super::layout::{Layout, failed, is_absent};
use super::names::check_key;
use segue_ports::PortError;
use segue_ports::object::{Listing, ObjectAddress};
use std::path::Path;

/// A search for objects.
pub(super) struct Query<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<char>,
}

pub(super) fn list(layout: &Layout, query: &Query<'_>) -> Result<Listing, PortError> {
    let root = layout.existing_bucket(query.bucket)?;
    let mut listing = Listing::default();
    // The folder in the prefix. The rest of the prefix is the beginning of names in this folder.
    let folder = query.prefix.rsplit_once('/').map(|(folder, _)| folder);
    match folder {
        None => walk(layout, query, &root, "", &mut listing)?,
        // A prefix that no key can have matches nothing.
        Some(folder) if check_key(folder).is_err() => {}
        Some(folder) => {
            let path = layout.object(&ObjectAddress::new(query.bucket, folder))?;
            walk(layout, query, &path, &format!("{folder}/"), &mut listing)?;
        }
    }
    Ok(listing)
}

/// Whether there is no object below a folder.
pub(super) fn is_empty(folder: &Path) -> Result<bool, PortError> {
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let entry = entry.map_err(|error| failed(folder, &error))?;
        let kind = entry.file_type().map_err(|error| failed(folder, &error))?;
        if !kind.is_dir() || !is_empty(&entry.path())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn walk(
    layout: &Layout,
    query: &Query<'_>,
    folder: &Path,
    above: &str,
    listing: &mut Listing,
) -> Result<(), PortError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(failed(folder, &error)),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed(folder, &error))?;
        let kind = entry.file_type().map_err(|error| failed(folder, &error))?;
        // Links are not followed. A name that is not UTF-8 is not a key.
        if let Some(name) = entry.file_name().to_str().filter(|_| kind.is_dir() || kind.is_file()) {
            // With a slash at the end, a folder sorts at the position of its objects.
            keys.push(format!("{above}{name}{}", if kind.is_dir() { "/" } else { "" }));
        }
    }
    keys.sort_unstable();
    for key in keys {
        if let Some(below) = key.strip_suffix('/') {
            // All keys below this folder begin with the name of the folder, so without the prefix none of them matches.
            if !key.starts_with(query.prefix) {
                continue;
            }
            let name = below.rsplit('/').next().unwrap_or(below);
            let path = folder.join(name);
            if folds(query, &key, listing) {
                // A folder counts as absent while its last object is being removed.
                if is_empty(&path).unwrap_or(true) {
                    listing.prefixes.pop();
                }
                continue;
            }
            walk(layout, query, &path, &key, listing)?;
        } else if key.starts_with(query.prefix) && !folds(query, &key, listing) {
            let address = ObjectAddress::new(query.bucket, key);
            // The object was removed after the folder was read.
            if let Ok(path) = layout.object(&address)
                && let Ok(metadata) = std::fs::metadata(path)
            {
                listing.objects.push(describe(layout, &address, &metadata));
            }
        }
    }
    Ok(())
}

/// Adds the part of a key up to the delimiter after the prefix instead of the key. Returns `false` if the key has no
/// delimiter there.
fn folds(query: &Query<'_>, key: &str, listing: &mut Listing) -> bool {
    let Some(delimiter) = query.delimiter else { return false };
    let Some(rest) = key.strip_prefix(query.prefix) else { return false };
    let Some(at) = rest.find(delimiter) else { return false };
    let length = query.prefix.len() + at + delimiter.len_utf8();
    if let Some(prefix) =
        key.get(..length).filter(|prefix| listing.prefixes.last().is_none_or(|last| last != prefix))
    {
        listing.prefixes.push(prefix.to_owned());
    }
    true
}
