//! Listing the objects of a bucket in the order of their keys.

use super::attributes::describe;
use super::layout::{Layout, failed, is_absent};
use super::names::check_key;
use segue_ports::PortError;
use segue_ports::object::{Listing, ObjectAddress};
use std::path::Path;

/// What is looked for.
pub(super) struct Query<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<char>,
}

pub(super) fn list(layout: &Layout, query: &Query<'_>) -> Result<Listing, PortError> {
    let root = layout.existing_bucket(query.bucket)?;
    let mut listing = Listing::default();
    // The folder that the prefix names; what follows is the beginning of names in it.
    let folder = query.prefix.rsplit_once('/').map(|(folder, _)| folder);
    match folder {
        None => walk(layout, query, &root, "", &mut listing)?,
        // A prefix that cannot be that of any key finds nothing.
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
        // Links are not followed, and a name that is not UTF-8 is no key.
        if let Some(name) = entry.file_name().to_str().filter(|_| kind.is_dir() || kind.is_file()) {
            // With its slash a folder stands where its objects do in the order of keys.
            keys.push(format!("{above}{name}{}", if kind.is_dir() { "/" } else { "" }));
        }
    }
    keys.sort_unstable();
    for key in keys {
        if let Some(below) = key.strip_suffix('/') {
            // Either the prefix leads into the folder or the folder lies below the prefix.
            if !key.starts_with(query.prefix) {
                continue;
            }
            let name = below.rsplit('/').next().unwrap_or(below);
            let path = folder.join(name);
            if folds(query, &key, listing) {
                // A folder whose last object is being removed is not one.
                if is_empty(&path).unwrap_or(true) {
                    listing.prefixes.pop();
                }
                continue;
            }
            walk(layout, query, &path, &key, listing)?;
        } else if key.starts_with(query.prefix) && !folds(query, &key, listing) {
            let address = ObjectAddress::new(query.bucket, key);
            // Removed since the folder was read: then it is not there.
            if let Ok(path) = layout.object(&address)
                && let Ok(metadata) = std::fs::metadata(path)
            {
                listing.objects.push(describe(layout, &address, &metadata));
            }
        }
    }
    Ok(())
}

/// Folds a key at the delimiter behind the prefix, if it has one there.
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
