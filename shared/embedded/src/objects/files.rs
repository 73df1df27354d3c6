//! Finds the files of objects, for code that reads files: the external tables of the warehouse.
//!
//! A URI is handled as in the store. Its name is checked, and no link is followed.

use super::layout::{Layout, is_directory};
use super::names::check_key;
use segue_ports::PortError;
use segue_ports::object::{ObjectAddress, check_bucket_name};
use std::path::{Path, PathBuf};

/// The wildcard for any characters in a key.
const ANY: char = '*';

/// Checks a URI like `gs://bucket/key`. `*` in the key stands for any characters.
///
/// # Errors
/// [`PortError::Invalid`] for any other text, and for a name that no object can have.
pub(crate) fn check_uri(uri: &str) -> Result<ObjectAddress, PortError> {
    let address = ObjectAddress::parse(uri)?;
    check_bucket_name(&address.bucket)?;
    check_key(&address.key)?;
    Ok(address)
}

/// The files of the objects that match a URI now, each with its address, sorted by key. Empty if there are no such
/// objects.
///
/// # Errors
/// [`PortError::Invalid`] as in [`check_uri`], and if a file is behind a symbolic link.
pub(crate) fn files(root: &Path, uri: &str) -> Result<Vec<(ObjectAddress, PathBuf)>, PortError> {
    let address = check_uri(uri)?;
    let layout = Layout::at(root);
    let Some((prefix, _)) = address.key.split_once(ANY) else {
        let path = layout.object(&address)?;
        return Ok(if path.is_file() { vec![(address, path)] } else { Vec::new() });
    };
    // The folder before the first star. Files outside this folder cannot match.
    let (folder, above) = match prefix.rsplit_once('/') {
        Some((folder, _)) => {
            (layout.object(&ObjectAddress::new(&address.bucket, folder))?, format!("{folder}/"))
        }
        None => (layout.bucket(&address.bucket)?, String::new()),
    };
    let mut found = Vec::new();
    if is_directory(&folder)? {
        walk(&folder, &above, &mut |key, path| {
            if matches(&address.key, key) {
                found.push((ObjectAddress::new(&address.bucket, key), path));
            }
        });
    }
    found.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
    Ok(found)
}

/// Whether a key matches a pattern. Each `*` stands for any characters, also slashes. Every other character matches
/// only the same character.
fn matches(pattern: &str, key: &str) -> bool {
    let (Some((first, rest)), Some((_, last))) = (pattern.split_once(ANY), pattern.rsplit_once(ANY)) else {
        return pattern == key;
    };
    let Some(mut left) = key.strip_prefix(first).and_then(|key| key.strip_suffix(last)) else { return false };
    let middle = rest.len().checked_sub(last.len() + 1).and_then(|end| rest.get(..end)).unwrap_or_default();
    middle.split(ANY).all(|part| match left.split_once(part) {
        Some((_, after)) => {
            left = after;
            true
        }
        None => false,
    })
}

/// Visits every file below a folder with its key. Links are skipped.
fn walk(folder: &Path, above: &str, visit: &mut dyn FnMut(&str, PathBuf)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        // A name that is not UTF-8 is not a key.
        let (Ok(kind), Some(name)) = (entry.file_type(), entry.file_name().to_str().map(str::to_owned))
        else {
            continue;
        };
        let key = format!("{above}{name}");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{key}/"), visit);
        } else if kind.is_file() {
            visit(&key, entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters_and_nothing_else_does() {
        for (pattern, key, meant) in [
            ("in/*.csv", "in/x/y.csv", true),
            ("in/*.csv", "in/.csv", true),
            ("in/*.csv", "in/x.txt", false),
            ("*a*b", "xaxb", true),
            ("*a*b", "xbxb", false),
            ("a*a", "a", false),
            ("a**b", "ab", true),
            ("*", "x", true),
            ("[ab]*", "a", false),
            ("[ab]*", "[ab]1", true),
            ("{a,b}?*", "a1", false),
        ] {
            assert_eq!(matches(pattern, key), meant, "{pattern} {key}");
        }
    }

    #[test]
    fn files_are_found_by_key_and_by_pattern_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("data/in/deep")).unwrap();
        for key in ["in/b.csv", "in/a.csv", "in/deep/c.csv", "in.csv"] {
            std::fs::write(root.join("data").join(key), "x").unwrap();
        }
        let keys = |uri: &str| -> Vec<String> {
            files(root, uri).unwrap().into_iter().map(|(address, _)| address.key).collect()
        };
        assert_eq!(keys("gs://data/in/*.csv"), ["in/a.csv", "in/b.csv", "in/deep/c.csv"]);
        assert_eq!(keys("gs://data/*c.csv"), ["in/deep/c.csv"]);
        assert_eq!(keys("gs://data/in.csv"), ["in.csv"]);
        assert_eq!(keys("gs://data/in"), [""; 0], "a folder is no object");
        assert_eq!(keys("gs://none/*"), [""; 0]);
    }
}
