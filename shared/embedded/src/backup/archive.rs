//! The format of the archive: a compressed tar file. Its last entry is a list of the other entries.

use super::{Contents, LIST, failed};
use flate2::Compression;
use flate2::write::GzEncoder;
use segue_ports::PortError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read};
use std::path::{Path, PathBuf};
use tar::{Builder, Header};

/// The list at the end of an archive.
#[derive(Serialize, Deserialize)]
pub(super) struct List {
    /// The version of the Segue that wrote the archive.
    pub(super) version: String,
    /// The files in the archive.
    pub(super) files: Vec<Entry>,
}

/// A file in the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) size: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub(super) sum: String,
}

/// An archive that is being written.
pub(super) struct Archive<'a> {
    path: PathBuf,
    builder: Builder<GzEncoder<BufWriter<File>>>,
    files: Vec<Entry>,
    told: &'a mut dyn FnMut(u64),
}

impl<'a> Archive<'a> {
    pub(super) fn new(path: &Path, told: &'a mut dyn FnMut(u64)) -> Result<Self, PortError> {
        let file = crate::private::file(path).map_err(|error| failed(path, &error))?;
        let builder = Builder::new(GzEncoder::new(BufWriter::new(file), Compression::fast()));
        Ok(Self { path: path.to_owned(), builder, files: Vec::new(), told })
    }

    /// Adds a file. Does nothing if the file does not exist any more.
    pub(super) fn add(&mut self, name: &str, file: &Path) -> Result<(), PortError> {
        let opened = match File::open(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(|error| failed(file, &error))?,
        };
        let size = opened.metadata().map_err(|error| failed(file, &error))?.len();
        let mut header = Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        let mut summed = Summed { inner: opened.take(size), sum: Sha256::new() };
        self.builder.append_data(&mut header, name, &mut summed).map_err(|error| failed(file, &error))?;
        let sum = hex(&summed.sum.finalize());
        self.files.push(Entry { path: name.to_owned(), size, sum });
        (self.told)(self.files.len() as u64);
        Ok(())
    }

    /// Adds the files below a folder. Links, and the files below `without`, are left out.
    pub(super) fn add_folder(&mut self, name: &str, folder: &Path, without: &Path) -> Result<(), PortError> {
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(|error| failed(folder, &error))?,
        };
        for entry in entries {
            let entry = entry.map_err(|error| failed(folder, &error))?;
            let path = entry.path();
            let text = entry
                .file_name()
                .into_string()
                .map_err(|_| PortError::invalid(format!("{}: the name is not UTF-8", path.display())))?;
            let (kind, name) = (entry.file_type(), format!("{name}/{text}"));
            match kind.map_err(|error| failed(&path, &error))? {
                kind if kind.is_dir() && path != without => self.add_folder(&name, &path, without)?,
                kind if kind.is_file() => self.add(&name, &path)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Finishes the archive and syncs it to the disk. Returns its file.
    pub(super) fn end(mut self, key: bool) -> Result<(PathBuf, Contents), PortError> {
        let contents = Contents {
            files: self.files.len() as u64,
            bytes: self.files.iter().map(|file| file.size).sum(),
            key,
        };
        let list = List { version: env!("CARGO_PKG_VERSION").to_owned(), files: self.files };
        let json = serde_json::to_vec(&list).map_err(|error| PortError::unavailable("backup", error))?;
        let mut header = Header::new_gnu();
        header.set_size(json.len() as u64);
        header.set_mode(0o600);
        let written = self
            .builder
            .append_data(&mut header, LIST, json.as_slice())
            .and_then(|()| self.builder.into_inner())
            .and_then(GzEncoder::finish)
            .and_then(|file| file.into_inner().map_err(std::io::IntoInnerError::into_error))
            .and_then(|file| file.sync_all());
        written.map_err(|error| failed(&self.path, &error))?;
        Ok((self.path, contents))
    }
}

/// A reader that computes a checksum of everything it reads.
pub(super) struct Summed<R> {
    pub(super) inner: R,
    pub(super) sum: Sha256,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
