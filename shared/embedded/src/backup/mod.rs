//! Copies a data directory to one file, and restores it.
//!
//! What it is: [`backup`] copies a data directory to a compressed archive. A process may use the directory at the same
//! time. [`restore`] creates a data directory from an archive. The archive ends with a list of its files and their
//! checksums. So a truncated or damaged archive is refused before any of its files are used.
//!
//! Order: first a snapshot of the database, then a snapshot of the warehouse, then the objects. All objects that the
//! database names exist before the snapshot of the database. So a restored directory looks as if its process was killed
//! at that time, and continues in the same way. An object that is removed during the backup may be missing although the
//! database names it.
//!
//! How to add one more file to a data directory: add it to [`backup`]. [`restore`] restores everything in the archive.

mod archive;
mod unpack;

pub use unpack::restore;

use crate::database::read_only;
use crate::kept_secrets::FILE as SECRETS;
use archive::Archive;
use segue_ports::PortError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The name of the last entry of the archive.
const LIST: &str = "backup.json";
const DATABASE: &str = "segue.db";
const WAREHOUSE: &str = "warehouse.duckdb";
const WAREHOUSE_LOG: &str = "warehouse.duckdb.wal";
const KEY: &str = "secret.key";
/// The number of tries to copy a warehouse that is being written, and the pause before each try.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);
/// The time to wait before a copy. It is longer than the resolution of file times.
const TICK: Duration = Duration::from_millis(20);

/// The contents of a backup or of a restored directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The number of files.
    pub files: u64,
    /// The sum of the file sizes, in bytes.
    pub bytes: u64,
    /// Whether the key is included. Without the key, nobody can read SECRET values.
    pub key: bool,
}

/// Writes a copy of `data_dir` to the new file `target`. Calls `told` with the number of files after each file.
///
/// # Errors
/// [`PortError::NotFound`] if the directory has no data. [`PortError::AlreadyExists`] if `target` exists.
/// [`PortError::Unavailable`] if a file cannot be read or written, or if queries write to the warehouse all the time.
pub fn backup(
    data_dir: &Path,
    target: &Path,
    with_key: bool,
    told: &mut dyn FnMut(u64),
) -> Result<Contents, PortError> {
    let database = data_dir.join(DATABASE);
    if !database.is_file() {
        return Err(PortError::not_found(format!("a database in {} (segue.db)", data_dir.display())));
    }
    if target.exists() {
        return Err(PortError::AlreadyExists { what: format!("the file {}", target.display()) });
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let aside = tempfile::tempdir_in(folder).map_err(|error| failed(folder, &error))?;
    let mut archive = Archive::new(&aside.path().join("archive"), told)?;

    let copy = aside.path().join(DATABASE);
    read_only::copy(&database, &copy)?;
    archive.add(DATABASE, &copy)?;
    remove(&copy)?;
    let (tables, log) = (aside.path().join(WAREHOUSE), aside.path().join(WAREHOUSE_LOG));
    if copy_at_rest([(&data_dir.join(WAREHOUSE), &tables), (&data_dir.join(WAREHOUSE_LOG), &log)])? {
        archive.add(WAREHOUSE, &tables)?;
        if log.exists() {
            archive.add(WAREHOUSE_LOG, &log)?;
        }
    }
    let objects = data_dir.join("objects");
    archive.add_folder("objects", &objects, &objects.join(".tmp"))?;
    // The secrets are encrypted with the key of the directory.
    archive.add(SECRETS, &data_dir.join(SECRETS))?;
    let key = data_dir.join(KEY);
    let with_key = with_key && key.is_file();
    if with_key {
        archive.add(KEY, &key)?;
    }
    let (written, contents) = archive.end(with_key)?;
    // Unlike a rename, a hard link does not replace a file that appeared in the meantime.
    std::fs::hard_link(&written, target).map_err(|error| failed(target, &error))?;
    crate::private::sync_folder(folder).map_err(|error| failed(folder, &error))?;
    Ok(contents)
}

/// Copies files that are written together. If one of the files changes during the copy, the copy starts again. Returns
/// `false` if the first file does not exist.
fn copy_at_rest<const N: usize>(files: [(&PathBuf, &PathBuf); N]) -> Result<bool, PortError> {
    let seen = || files.map(|(from, _)| state(from));
    for _ in 0..TRIES {
        let before = seen();
        if before.first().is_none_or(Option::is_none) {
            return Ok(false);
        }
        // Two writes within one tick of the file clock have the same file time, so the second one would not be noticed.
        std::thread::sleep(TICK);
        for (from, to) in files {
            match std::fs::copy(from, to) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => remove(to)?,
                Err(error) => return Err(failed(from, &error)),
            }
        }
        if seen() == before {
            return Ok(true);
        }
        std::thread::sleep(PAUSE);
    }
    Err(PortError::unavailable(
        "backup",
        format!(
            "the warehouse was written to without a pause for {} s; try again when fewer queries run, or stop the server",
            (PAUSE * TRIES).as_secs()
        ),
    ))
}

/// A value that changes whenever a file is written.
fn state(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn remove(file: &Path) -> Result<(), PortError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(file, &error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> PortError {
    PortError::unavailable("backup", format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
