//! Lists the objects of a bucket in the order of their keys.

use super::attributes::describe;
use super::layout::{Layout, failed, is_absent};
use super::names::check_key;
use segue_ports::PortError;
use segue_ports::object::{Listing, ListingPage, ObjectAddress, cut_listing};
use std::path::Path;

/// A search for objects.
pub(super) struct Query<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<char>,
    /// Only keys and prefixes after this one. None: all of them.
    pub(super) after: Option<&'a str>,
    /// The largest number of keys and prefixes.
    pub(super) most: usize,
}

impl Query<'_> {
    fn is_after(&self, name: &str) -> bool {
        self.after.is_none_or(|after| name > after)
    }

    /// Whether the search has passed everything below a folder. The name of the folder ends with a slash.
    fn is_past(&self, folder: &str) -> bool {
        self.after.is_some_and(|after| folder < after && !after.starts_with(folder))
    }
}

/// One page of a listing. The next page begins after the last name of the page.
pub(super) fn page(layout: &Layout, query: &Query<'_>) -> Result<ListingPage, PortError> {
    // One name more says whether there is another page.
    let listing = list(layout, &Query { most: query.most.saturating_add(1), ..*query })?;
    Ok(cut_listing(listing, query.after, query.most))
}

/// The number of keys and prefixes.
fn length(listing: &Listing) -> usize {
    listing.objects.len().saturating_add(listing.prefixes.len())
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
        if length(listing) >= query.most {
            return Ok(());
        }
        if let Some(below) = key.strip_suffix('/') {
            // All keys below this folder begin with the name of the folder, so without the prefix none of them matches.
            if !key.starts_with(query.prefix) || query.is_past(&key) {
                continue;
            }
            let name = below.rsplit('/').next().unwrap_or(below);
            let path = folder.join(name);
            match folded(query, &key) {
                // A folder counts as absent while its last object is being removed.
                Some(prefix) => fold(query, prefix, listing, || !is_empty(&path).unwrap_or(true)),
                None => walk(layout, query, &path, &key, listing)?,
            }
        } else if key.starts_with(query.prefix) {
            if let Some(prefix) = folded(query, &key) {
                fold(query, prefix, listing, || true);
                continue;
            }
            if !query.is_after(&key) {
                continue;
            }
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

/// The part of a key up to the delimiter after the prefix. `None` if the key has no delimiter there.
fn folded<'a>(query: &Query<'_>, key: &'a str) -> Option<&'a str> {
    let delimiter = query.delimiter?;
    let rest = key.strip_prefix(query.prefix)?;
    let length = query.prefix.len() + rest.find(delimiter)? + delimiter.len_utf8();
    key.get(..length)
}

/// Adds a prefix, once, if the search has not passed it and there is something below it.
fn fold(query: &Query<'_>, prefix: &str, listing: &mut Listing, is_there: impl FnOnce() -> bool) {
    let is_known = listing.prefixes.last().is_some_and(|last| last == prefix);
    if !is_known && query.is_after(prefix) && is_there() {
        listing.prefixes.push(prefix.to_owned());
    }
}
