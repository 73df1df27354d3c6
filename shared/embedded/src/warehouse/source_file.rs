//! The files of an external table: their paths, their names in messages, and their content.
//!
//! A file may be compressed with gzip. As in BigQuery, its content decides, because an upload has no name.
//!
//! The module must not know the columns and formats of tables.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::PathBuf;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A source file: its path on the disk, and its name in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    pub(crate) uri: String,
}

impl SourceFile {
    /// Whether the content is compressed with gzip. A file that cannot be read is not; the reader reports it later.
    pub(crate) fn is_gzip(&self) -> bool {
        let mut first = [0; GZIP.len()];
        let read = File::open(&self.path).and_then(|mut file| file.read_exact(&mut first));
        read.is_ok() && first == GZIP
    }

    /// Opens the content, uncompressed.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn open(&self) -> io::Result<Box<dyn BufRead>> {
        let file = File::open(&self.path)?;
        Ok(if self.is_gzip() {
            Box::new(BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(BufReader::new(file))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    #[test]
    fn the_content_says_whether_a_file_is_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            SourceFile { path, uri: String::new() }
        };
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"a\nb\n").unwrap();
        let packed = file("upload", &packed.finish().unwrap());
        let plain = file("named.gz", b"a\nb\n");
        assert_eq!((packed.is_gzip(), plain.is_gzip(), file("x", b"\x1f").is_gzip()), (true, false, false));
        for own in [packed, plain] {
            let lines: Vec<String> = own.open().unwrap().lines().map(Result::unwrap).collect();
            assert_eq!(lines, ["a", "b"]);
        }
    }
}
