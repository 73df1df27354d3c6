//! Protects the data directory. Flows, logs, key-values and service account keys are in the directory in clear text.
//!
//! Only the owner can open the folder, and so everything below it. Its files are closed to others too, in case the
//! owner opens the folder.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Files of a data directory that an older Segue may have left open to others.
const FILES: &[&str] = &[
    "segue.db",
    "segue.db-wal",
    "segue.db-shm",
    "segue.lock",
    "secret.key",
    "warehouse.duckdb",
    "warehouse.duckdb.wal",
];

/// Creates the data directory, or closes it to other users. Returns a note for the user, or `None` if there is nothing
/// to report.
///
/// A directory with other files that Segue never used is not changed. The files that Segue creates in it are
/// protected in any case.
pub(crate) fn data_dir(folder: &Path) -> io::Result<Option<String>> {
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        std::fs::create_dir_all(above)?;
    }
    match self::folder(folder) {
        Ok(()) => {
            sync_folder(folder.parent().unwrap_or(folder))?;
            return Ok(None);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
        Err(error) => return Err(error),
    }
    for file in FILES {
        // A file that does not exist, or belongs to another user, is reported when it is opened.
        let _ = close(&folder.join(file));
    }
    if std::fs::metadata(folder)?.permissions().mode() & OTHERS == 0 {
        return Ok(None);
    }
    if std::fs::read_dir(folder)?.next().is_none() {
        // The folder is empty: treat it like a new one.
        close(folder)?;
        return Ok(None);
    }
    let ours = folder.join("segue.lock").exists();
    let shown = folder.display();
    if !ours {
        return Ok(Some(format!(
            "{shown} is open to other users of this machine and has other files in it, so it is not \
             changed; close it with `chmod 700`, or name another folder with --data-dir"
        )));
    }
    Ok(Some(match close(folder) {
        Ok(()) => format!("{shown} was open to other users of this machine; it is now closed to them"),
        Err(error) => {
            format!("{shown} is open to other users of this machine and cannot be closed to them: {error}")
        }
    }))
}

/// Creates a folder that only its owner can use.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Creates a folder that only its owner can use, if it does not exist.
pub(crate) fn ensure_folder(path: &Path) -> io::Result<()> {
    match folder(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Creates a file that only its owner can use, if it does not exist. Existing content stays.
pub(crate) fn file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Removes the permissions of other users from a file or folder.
pub(crate) fn close(path: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))
}

/// Syncs the entries of a folder to the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_is_made_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("above/data");
        assert_eq!(data_dir(&made).unwrap(), None);
        assert_eq!(mode(&made), 0o700);
    }

    #[test]
    fn a_folder_of_an_older_segue_is_closed_and_one_of_others_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, shared) = (dir.path().join("ours"), dir.path().join("shared"));
        for folder in [&ours, &shared] {
            std::fs::create_dir(folder).unwrap();
            std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        for file in ["segue.lock", "segue.db"] {
            std::fs::write(ours.join(file), "").unwrap();
            std::fs::set_permissions(ours.join(file), Permissions::from_mode(0o644)).unwrap();
        }
        std::fs::write(shared.join("holidays.jpg"), "").unwrap();
        assert!(data_dir(&ours).unwrap().unwrap().contains("is now closed to them"));
        assert_eq!((mode(&ours), mode(&ours.join("segue.db"))), (0o700, 0o600));
        assert!(data_dir(&shared).unwrap().unwrap().contains("so it is not changed"));
        assert_eq!(mode(&shared), 0o755);
        assert_eq!(data_dir(&ours).unwrap(), None, "said once");
    }
}
