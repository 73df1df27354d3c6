//! The folders with names that are on the disk.
//!
//! A file survives a loss of power if its name and the names of all folders above are on the disk. A sync takes
//! milliseconds, and most files are written to a folder that was there before. So each folder is synced once for its own
//! name, and from then on only for the names in it.
//!
//! The module must not know: what the files are.

use super::layout::is_absent;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// The largest number of folders that are known at the same time. Above it, all are forgotten.
const MOST: usize = 10_000;

/// The folders with names that are on the disk, together with the names of all folders above.
#[derive(Debug, Default)]
pub(super) struct Named(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    folders: HashSet<PathBuf>,
    /// The number of removals. What was seen before a removal may be gone.
    removals: u64,
}

impl Named {
    /// Brings the name of `path`, and the names of the folders below `top`, to the disk. A folder that was removed in the
    /// meantime is skipped. `sync` syncs the entries of a folder.
    ///
    /// # Errors
    /// The folder that could not be synced, and why.
    pub(super) fn sync<'p>(
        &self,
        path: &'p Path,
        top: &Path,
        sync: impl Fn(&Path) -> io::Result<()> + Sync,
    ) -> Result<(), (&'p Path, io::Error)> {
        let removals = self.with(|known| known.removals);
        let mut folders = Vec::new();
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
            if !folder.is_dir() {
                continue;
            }
            folders.push(folder);
            if self.with(|known| known.folders.contains(folder)) {
                break;
            }
        }
        sync_all(&folders, &sync)?;
        self.with(|known| {
            if known.removals != removals {
                return;
            }
            if known.folders.len() > MOST {
                known.folders.clear();
            }
            known
                .folders
                .extend(folders.iter().filter(|folder| **folder != top).map(|folder| folder.to_path_buf()));
        });
        Ok(())
    }

    /// Removes an empty folder.
    pub(super) fn remove(&self, folder: &Path) -> io::Result<()> {
        self.with(|known| {
            std::fs::remove_dir(folder)?;
            known.removals += 1;
            known.folders.remove(folder);
            Ok(())
        })
    }

    /// Removes a folder with everything in it.
    pub(super) fn remove_all(&self, folder: &Path) -> io::Result<()> {
        self.with(|known| {
            known.removals += 1;
            known.folders.clear();
            std::fs::remove_dir_all(folder)
        })
    }

    /// Creates a folder and the folders above, if they are not there.
    pub(super) fn create(&self, folder: &Path) -> io::Result<()> {
        // Somebody else may have removed the folder.
        for gone in folder.ancestors().take_while(|folder| !folder.is_dir()) {
            self.with(|known| known.removals += u64::from(known.folders.remove(gone)));
        }
        std::fs::create_dir_all(folder)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Syncs folders, all at the same time: the disk brings them into safety together, and not one after the other.
fn sync_all<'p>(
    folders: &[&'p Path],
    sync: &(impl Fn(&Path) -> io::Result<()> + Sync),
) -> Result<(), (&'p Path, io::Error)> {
    let one = move |folder: &'p Path| match sync(folder) {
        Err(error) if !is_absent(&error) => Err((folder, error)),
        _ => Ok(()),
    };
    let Some((first, more)) = folders.split_first() else { return Ok(()) };
    thread::scope(|scope| {
        let begin = |&folder: &&'p Path| (folder, Builder::new().spawn_scoped(scope, move || one(folder)));
        let threads: Vec<_> = more.iter().map(begin).collect();
        let first = one(first);
        threads.into_iter().fold(first, |result, (folder, thread)| {
            result.and(match thread {
                Ok(thread) => {
                    thread.join().unwrap_or_else(|_| Err((folder, io::Error::other("the sync panicked"))))
                }
                // There is no room for a thread.
                Err(_) => one(folder),
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folders that are synced for a file, without the part above `top`.
    fn synced(named: &Named, top: &Path, file: &str) -> Vec<String> {
        let (folders, path) = (Mutex::new(Vec::new()), top.join(file));
        named
            .sync(&path, top, |folder| {
                folders.lock().unwrap().push(folder.strip_prefix(top).unwrap().display().to_string());
                Ok(())
            })
            .unwrap();
        let mut folders = folders.into_inner().unwrap();
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        folders
    }

    #[test]
    fn a_folder_is_synced_once_for_its_own_name() {
        let directory = tempfile::tempdir().unwrap();
        let (top, named) = (directory.path(), Named::default());
        named.create(&top.join("a/b/c")).unwrap();
        assert_eq!(synced(&named, top, "a/b/c/1"), ["a/b/c", "a/b", "a", ""]);
        assert_eq!(synced(&named, top, "a/b/c/2"), ["a/b/c"]);
        named.create(&top.join("a/b/d")).unwrap();
        assert_eq!(synced(&named, top, "a/b/d/1"), ["a/b/d", "a/b"]);
        assert_eq!(synced(&named, top, "1"), [""]);
    }

    #[test]
    fn a_folder_that_was_removed_is_not_known() {
        let directory = tempfile::tempdir().unwrap();
        let (top, named) = (directory.path(), Named::default());
        let folder = top.join("a/b");
        named.create(&folder).unwrap();
        synced(&named, top, "a/b/1");
        named.remove(&folder).unwrap();
        assert_eq!(
            synced(&named, top, "a/b/1"),
            ["a"],
            "the name of the removed folder is gone from the disk"
        );
        named.create(&folder).unwrap();
        assert_eq!(synced(&named, top, "a/b/1"), ["a/b", "a"]);
        named.remove_all(&top.join("a")).unwrap();
        named.create(&folder).unwrap();
        assert_eq!(synced(&named, top, "a/b/1"), ["a/b", "a", ""]);
        // Another process removes it.
        std::fs::remove_dir(&folder).unwrap();
        named.create(&folder).unwrap();
        assert_eq!(synced(&named, top, "a/b/1"), ["a/b", "a"]);
    }

    #[test]
    fn what_was_seen_before_a_removal_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let (top, named) = (directory.path(), Named::default());
        let folder = top.join("a");
        named.create(&folder).unwrap();
        named
            .sync(&top.join("a/1"), top, |synced| {
                if synced == top {
                    named.remove(&folder)?;
                    std::fs::create_dir(&folder)?;
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(synced(&named, top, "a/2"), ["a", ""]);
    }

    #[test]
    fn a_failed_sync_is_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let (top, named) = (directory.path(), Named::default());
        named.create(&top.join("a/b")).unwrap();
        let path = top.join("a/b/1");
        let full =
            |folder: &Path| if folder == top { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
        assert_eq!(named.sync(&path, top, full).unwrap_err().0, top);
        assert_eq!(synced(&named, top, "a/b/1"), ["a/b", "a", ""]);
    }
}
