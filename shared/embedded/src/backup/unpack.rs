//! Creates a data directory from an archive, completely or not at all.

use super::archive::{Entry, List, Summed, hex};
use super::{Contents, DATABASE, KEY, LIST, failed};
use crate::private;
use flate2::read::GzDecoder;
use segue_ports::{Clock as _, PortError, SystemClock};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};
use tar::Archive;

/// Creates the data directory `data_dir` from the archive `file`. If the directory exists and is not empty, it is
/// refused, or moved aside if `force` is set. Also returns the new name of a directory that was moved aside.
///
/// # Errors
/// [`PortError::Invalid`] if the archive is not a backup, or is truncated or damaged. The same error if the directory
/// is not empty or is in use. [`PortError::Unavailable`] if a file cannot be read or written. After an error nothing is
/// changed.
pub fn restore(file: &Path, data_dir: &Path, force: bool) -> Result<(Contents, Option<PathBuf>), PortError> {
    let there = match std::fs::read_dir(data_dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => false,
    };
    if there && !force {
        return Err(PortError::invalid(format!(
            "{} is not empty; name a new directory with --data-dir, or move this one aside with --force",
            data_dir.display()
        )));
    }
    let lock = there.then(|| crate::database::lock(&data_dir.join(DATABASE))).transpose()?;
    let folder = data_dir.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let aside = tempfile::Builder::new().prefix(".segue-restore-").tempdir_in(folder);
    let aside = aside.map_err(|error| failed(folder, &error))?;
    let contents = unpack(file, aside.path())?;
    let before = if there {
        let now = SystemClock.now().as_second();
        let name = data_dir.file_name().unwrap_or_default().to_string_lossy();
        let before = folder.join(format!("{name}.before-{now}"));
        std::fs::rename(data_dir, &before).map_err(|error| failed(data_dir, &error))?;
        Some(before)
    } else {
        None
    };
    drop(lock);
    let made = aside.keep();
    std::fs::rename(&made, data_dir).map_err(|error| failed(data_dir, &error))?;
    private::sync_folder(folder).map_err(|error| failed(folder, &error))?;
    Ok((contents, before))
}

fn no_backup(file: &Path, why: &str) -> PortError {
    PortError::invalid(format!("{} cannot be restored: {why}; use another backup", file.display()))
}

fn unpack(file: &Path, into: &Path) -> Result<Contents, PortError> {
    let opened = File::open(file).map_err(|error| failed(file, &error))?;
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(opened)));
    let broken = |error: std::io::Error| no_backup(file, &format!("it is truncated or damaged ({error})"));
    let (mut found, mut list) = (Vec::new(), None);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let size = entry.size();
        let mut summed = Summed { inner: entry, sum: Sha256::new() };
        if path == Path::new(LIST) {
            list =
                Some(serde_json::from_reader::<_, List>(&mut summed).map_err(|error| {
                    no_backup(file, &format!("its list of files cannot be read ({error})"))
                })?);
            continue;
        }
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(no_backup(file, &format!("it contains the unexpected file {}", path.display())));
        }
        let target = into.join(&path);
        let written = target
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| private::file(&target))
            .map_err(|error| failed(&target, &error))?;
        std::io::copy(&mut summed, &mut &written).map_err(broken)?;
        written.sync_all().map_err(|error| failed(&target, &error))?;
        let path = path.to_string_lossy().into_owned();
        found.push(Entry { path, size, sum: hex(&summed.sum.finalize()) });
    }
    let list = list
        .ok_or_else(|| no_backup(file, "it has no list of its files, so it is truncated or not a backup"))?;
    let mut listed = list.files;
    listed.sort();
    found.sort();
    if let Some((wrong, _)) = listed.iter().zip(&found).find(|(listed, found)| listed != found) {
        return Err(no_backup(file, &format!("its file {} is damaged", wrong.path)));
    }
    if !listed.iter().any(|listed| listed.path == DATABASE) || listed.len() != found.len() {
        return Err(no_backup(file, "its list of files differs from its files"));
    }
    Ok(Contents {
        files: found.len() as u64,
        bytes: found.iter().map(|file| file.size).sum(),
        key: found.iter().any(|file| file.path == KEY),
    })
}
