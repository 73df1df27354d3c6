//! Checks, before the database is opened, that its files are the files that the last process left.
//!
//! SQLite reports no error for damaged files. It takes a database without its log for an older database, a log with a
//! damaged part for a shorter log, and a missing file for a new database. Then answered writes would be lost, and the
//! next write would make the loss permanent.

use segue_ports::PortError;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The sizes of the log's header and of the header of each frame, in bytes.
const HEADER: usize = 32;
const FRAME: usize = 24;
/// The first bytes of the log. The last bit is the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;
/// The largest page size of SQLite, in bytes.
const LARGEST_PAGE: u32 = 65_536;

/// Refuses to open a database that has lost data.
///
/// `unclean` says that the last process ended without closing the database.
///
/// # Errors
/// [`PortError::Invalid`] if data is lost; the message says what to do. [`PortError::Unavailable`] if the files cannot
/// be read.
pub(super) fn refuse(database: &Path, unclean: bool) -> Result<(), PortError> {
    let log = beside(database, "-wal");
    let (size, log_size) = (size(database)?, size(&log)?);
    let folder = database.parent().unwrap_or(database);
    if size.unwrap_or_default() == 0 {
        let left = if log_size.unwrap_or_default() > 0 { Some(log) } else { witness(folder) };
        return match left {
            None => Ok(()),
            Some(left) => Err(lost(
                database,
                &format!(
                    "is {}, and {} is there",
                    if size.is_some() { "empty" } else { "missing" },
                    left.display()
                ),
            )),
        };
    }
    match log_size {
        None if unclean => Err(lost(database, "has lost its log (segue.db-wal) with the last changes")),
        Some(size) if size > 0 => match broken(&log) {
            Ok(None) => Ok(()),
            Ok(Some(at)) => {
                Err(lost(database, &format!("has a log (segue.db-wal) that is damaged at byte {at}")))
            }
            Err(error) => {
                Err(PortError::unavailable("data directory", format!("{}: {error}", log.display())))
            }
        },
        _ => Ok(()),
    }
}

/// The error for a database that has lost data or has damaged content.
pub(super) fn lost(database: &Path, what: &str) -> PortError {
    PortError::invalid(format!(
        "{} {what}. Put the missing or damaged file back, restore a backup with `segue restore`, or name another \
         directory with --data-dir; --accept-loss starts with what is left",
        database.display()
    ))
}

/// The file next to the database with the same name and this ending.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn size(file: &Path) -> Result<Option<u64>, PortError> {
    match std::fs::metadata(file) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PortError::unavailable("data directory", format!("{}: {error}", file.display()))),
    }
}

/// A file that proves that a database existed: an object, or the warehouse. `None` if there is no such file.
fn witness(folder: &Path) -> Option<PathBuf> {
    let warehouse = folder.join("warehouse.duckdb");
    if warehouse.exists() {
        return Some(warehouse);
    }
    let buckets = std::fs::read_dir(folder.join("objects")).ok()?;
    buckets
        .flatten()
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .find_map(|entry| file_in(&entry.path()))
}

fn file_in(folder: &Path) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if let Some(found) = file_in(&path) {
                    return Some(found);
                }
            }
            Ok(_) => return Some(path),
            Err(_) => {}
        }
    }
    None
}

/// The position of the first damaged frame in the log. `None` if no answered data is damaged.
///
/// The end of a log may be torn. The process died while it was writing the last transaction, which was not answered.
/// For this reason, at most one commit can follow an unreadable part. Two commits prove that answered data is damaged.
fn broken(log: &Path) -> std::io::Result<Option<u64>> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(log)?);
    let mut header = [0; HEADER];
    if !fill(&mut file, &mut header)? {
        return Ok(None);
    }
    let [magic, _, page, _, salt1, salt2, sum1, sum2] = words::<8>(&header);
    let big_endian = magic & 1 == 1;
    let mut sum = (0, 0);
    add(&mut sum, header.get(..24).unwrap_or_default(), big_endian);
    if magic & !1 != MAGIC || sum != (sum1, sum2) || !(512..=LARGEST_PAGE).contains(&page) {
        // The header is written and synced before the first frame, so a wrong header is damage.
        return Ok(Some(0));
    }
    let mut frame = vec![0; FRAME + page as usize];
    let (mut at, mut bad, mut commits) = (HEADER as u64, None, 0);
    while fill(&mut file, &mut frame)? {
        let (head, body) = frame.split_at(FRAME);
        let [_, size, one, two, first, second] = words::<6>(head);
        let current = (one, two) == (salt1, salt2);
        if bad.is_none() {
            add(&mut sum, head.get(..8).unwrap_or_default(), big_endian);
            add(&mut sum, body, big_endian);
            if !current || sum != (first, second) {
                bad = Some(at);
            }
        } else if current && size != 0 {
            commits += 1;
        }
        at += frame.len() as u64;
    }
    Ok(bad.filter(|_| commits > 1))
}

/// Reads until `buffer` is full. Returns `false` at the end of the file.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The first numbers of a header.
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = bytes.try_into().map(u32::from_be_bytes).unwrap_or_default();
    }
    words
}

/// Adds bytes to SQLite's running checksum, which works on pairs of numbers.
fn add(sum: &mut (u32, u32), bytes: &[u8], big_endian: bool) {
    let number = |bytes: Option<&[u8]>| -> u32 {
        let bytes: [u8; 4] = bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    for pair in bytes.chunks_exact(8) {
        sum.0 = sum.0.wrapping_add(number(pair.get(..4))).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(number(pair.get(4..))).wrapping_add(sum.0);
    }
}
