//! The data directory is its owner's alone: flows, logs and key-values are plain in it, service account keys too.
//!
//! The folder is closed to everybody else, which closes all below it; the files in it are closed besides, for who
//! opens the folder on purpose.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// What others may do.
const OTHERS: u32 = 0o077;
/// The files of a data directory that an older Segue may have left open to others.
const FILES: &[&str] = &[
    "segue.db",
    "segue.db-wal",
    "segue.db-shm",
    "segue.lock",
    "secret.key",
    "warehouse.duckdb",
    "warehouse.duckdb.wal",
];

/// Makes the data directory, or closes it to others; returns what the user should know of it.
///
/// One with other people's files in it, in which Segue was never at work, is left as it is: what Segue makes in it is
/// closed all the same.
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
        // One that is not there, or is another user's, is told of when it is opened.
        let _ = close(&folder.join(file));
    }
    if std::fs::metadata(folder)?.permissions().mode() & OTHERS == 0 {
        return Ok(None);
    }
    if std::fs::read_dir(folder)?.next().is_none() {
        // Nobody has put anything into it: it is as if it were made now.
        close(folder)?;
        return Ok(None);
    }
    let ours = folder.join("segue.lock").exists();
    let place = folder.display();
    if !ours {
        return Ok(Some(format!(
            "{place} is open to other users of this machine and has more in it than Segue's data, so it is left as it \
             is; close it with `chmod 700`, or name a folder of its own with --data-dir"
        )));
    }
    Ok(Some(match close(folder) {
        Ok(()) => format!("{place} was open to other users of this machine; it is closed to them now"),
        Err(error) => {
            format!("{place} is open to other users of this machine and cannot be closed to them: {error}")
        }
    }))
}

/// Makes one folder that is its owner's alone.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes a folder that is its owner's alone where there is none.
pub(crate) fn ensure_folder(path: &Path) -> io::Result<()> {
    match folder(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Makes a file that is its owner's alone where there is none; what is in it stays.
pub(crate) fn file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Takes from a file or folder what others may do with it.
pub(crate) fn close(path: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))
}

/// Writes the entries of a folder to the disk.
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
        assert!(data_dir(&ours).unwrap().unwrap().contains("is closed to them now"));
        assert_eq!((mode(&ours), mode(&ours.join("segue.db"))), (0o700, 0o600));
        assert!(data_dir(&shared).unwrap().unwrap().contains("left as it is"));
        assert_eq!(mode(&shared), 0o755);
        assert_eq!(data_dir(&ours).unwrap(), None, "said once");
    }
}
