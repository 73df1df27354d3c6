//! Zip archives. Archives of sources and scripts are packed in memory. Uploaded archives are unpacked file by file to
//! the disk, with limits, because a small archive may be huge when unpacked.

use crate::error::{Answer, ApiError};
use crate::request::Part;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt as _;
use std::io::{Cursor, Read as _, Write as _};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The largest number of files of an archive.
const MOST_FILES: usize = 10_000;
/// The largest size of all files of an archive together, in bytes.
const MOST_BYTES: u64 = 1 << 30;

/// A file of an archive.
pub(crate) struct Unpacked {
    /// The path in the archive. A malicious archive can have a path such as `../file`.
    pub(crate) name: String,
    /// The content. The file is deleted with this value.
    pub(crate) file: NamedTempFile,
}

/// Answers with an archive of these files.
pub(crate) fn answer(name: &str, files: &[(String, Vec<u8>)]) -> Answer<Response> {
    let bytes =
        pack(files).map_err(|error| ApiError::argument(format!("the zip cannot be made: {error}")))?;
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok((
        [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        bytes,
    )
        .into_response())
}

fn pack(files: &[(String, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default())?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Unpacks an uploaded archive.
pub(crate) async fn unpack(part: Part) -> Answer<Vec<Unpacked>> {
    let disk =
        |error: std::io::Error| ApiError::argument(format!("the zip cannot be stored on disk: {error}"));
    let sent = NamedTempFile::new().map_err(disk)?;
    let mut file = tokio::fs::File::create(sent.path()).await.map_err(disk)?;
    let (mut stream, fault) = part.stream();
    while let Some(chunk) = stream.try_next().await.map_err(|error| fault.or(error))? {
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    drop(file);
    tokio::task::spawn_blocking(move || unpack_file(&sent))
        .await
        .map_err(|error| ApiError::argument(format!("the zip cannot be unpacked: {error}")))?
}

fn unpack_file(sent: &NamedTempFile) -> Answer<Vec<Unpacked>> {
    let unreadable = |error: &dyn std::fmt::Display| {
        ApiError::invalid(format!("the zip cannot be read: {error}"), Vec::new())
    };
    let file = sent.reopen().map_err(|error| unreadable(&error))?;
    let mut archive = ZipArchive::new(file).map_err(|error| unreadable(&error))?;
    if archive.len() > MOST_FILES {
        return Err(ApiError::too_large(format!("the zip has more than {MOST_FILES} files")));
    }
    let mut left = MOST_BYTES;
    let mut unpacked = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| unreadable(&error))?;
        if !entry.is_file() {
            continue;
        }
        let name = entry.name().map_err(|error| unreadable(&error))?.into_owned();
        let mut file = NamedTempFile::new().map_err(|error| unreadable(&error))?;
        let copied = std::io::copy(&mut entry.by_ref().take(left + 1), &mut file)
            .map_err(|error| unreadable(&error))?;
        left = left
            .checked_sub(copied)
            .ok_or_else(|| ApiError::too_large("the zip unpacks to more than 1 GiB"))?;
        unpacked.push(Unpacked { name, file });
    }
    Ok(unpacked)
}
