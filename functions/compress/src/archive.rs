//! The formats of archives.

use crate::compression::Compression;
use crate::limits::{MOST_FILES, Room};
use schemars::JsonSchema;
use segue_files::path::plain;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A format of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// A Java archive, which is a ZIP archive.
    Jar,
    /// `.tar`, usually with a `compression` around it.
    Tar,
    /// `.zip`
    Zip,
}

impl Algorithm {
    /// The ending of file names.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Jar => ".jar",
            Self::Tar => ".tar",
            Self::Zip => ".zip",
        }
    }

    /// Writes an archive of these files, by their names in the archive. Equal files give equal archives, because dates
    /// and owners are left out.
    pub(crate) fn pack(
        self,
        compression: Option<Compression>,
        files: &BTreeMap<String, PathBuf>,
        to: &Path,
    ) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(to)?);
        match (self, compression) {
            (Self::Tar, None) => pack_tar(files, &mut file)?,
            (Self::Tar, Some(compression)) => {
                compression.write(&mut file, |writer| pack_tar(files, writer))?
            }
            (Self::Jar | Self::Zip, None) => pack_zip(files, &mut file)?,
            (Self::Jar | Self::Zip, Some(_)) => return Err(compressed_zip()),
        }
        file.flush()
    }

    /// Unpacks the files of an archive into a folder. Returns their names and paths. Folders, links and devices are left
    /// out. Nothing is written outside of the folder.
    pub(crate) fn unpack(
        self,
        compression: Option<Compression>,
        from: &Path,
        folder: &Path,
        room: &mut Room,
    ) -> io::Result<BTreeMap<String, PathBuf>> {
        let file = BufReader::new(File::open(from)?);
        let mut unpacked = Unpacked { folder, files: BTreeMap::new(), room };
        match (self, compression) {
            (Self::Tar, None) => unpacked.tar(Box::new(file))?,
            (Self::Tar, Some(compression)) => unpacked.tar(compression.reader(Box::new(file))?)?,
            (Self::Jar | Self::Zip, None) => unpacked.zip(file)?,
            (Self::Jar | Self::Zip, Some(_)) => return Err(compressed_zip()),
        }
        Ok(unpacked.files)
    }
}

fn compressed_zip() -> io::Error {
    let why = "a ZIP archive compresses its files itself: leave compression out, or use the algorithm TAR";
    io::Error::new(io::ErrorKind::Unsupported, why)
}

fn pack_tar(files: &BTreeMap<String, PathBuf>, to: &mut dyn Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(to);
    for (name, path) in files {
        let file = File::open(path)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(file.metadata()?.len());
        header.set_mode(0o644);
        archive.append_data(&mut header, name, BufReader::new(file))?;
    }
    archive.into_inner()?.flush()
}

fn pack_zip(files: &BTreeMap<String, PathBuf>, to: &mut (impl Write + Seek)) -> io::Result<()> {
    let mut archive = ZipWriter::new(to);
    for (name, path) in files {
        let mut file = BufReader::new(File::open(path)?);
        let is_large = file.get_ref().metadata()?.len() >= u64::from(u32::MAX);
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(is_large);
        archive.start_file(name.as_str(), options)?;
        io::copy(&mut file, &mut archive)?;
    }
    archive.finish()?.flush()
}

/// The files of an archive that are unpacked so far.
struct Unpacked<'a> {
    folder: &'a Path,
    files: BTreeMap<String, PathBuf>,
    room: &'a mut Room,
}

impl Unpacked<'_> {
    fn tar(&mut self, from: Box<dyn Read + '_>) -> io::Result<()> {
        let mut archive = tar::Archive::new(from);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let kind = entry.header().entry_type();
            if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                self.write(&name, &mut entry)?;
            }
        }
        Ok(())
    }

    fn zip(&mut self, from: impl Read + Seek) -> io::Result<()> {
        let mut archive = ZipArchive::new(from)?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index)?;
            if entry.is_file() {
                let name = entry.name()?.into_owned();
                self.write(&name, &mut entry)?;
            }
        }
        Ok(())
    }

    /// Writes one file. The files on disk have numbers as names, so that no name of an archive is a path of this machine.
    fn write(&mut self, name: &str, from: &mut dyn Read) -> io::Result<()> {
        let name =
            plain(name).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        if self.files.len() >= MOST_FILES {
            return Err(io::Error::other(format!("the archive has more than {MOST_FILES} files")));
        }
        if self.files.contains_key(&name) {
            let why = format!("the archive has two files with the name '{name}'");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let path = self.folder.join(self.files.len().to_string());
        let mut file = BufWriter::new(File::create(&path)?);
        self.room.copy(from, &mut file)?;
        file.flush()?;
        self.files.insert(name, path);
        Ok(())
    }
}
