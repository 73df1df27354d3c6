//! A file of an upload that is not complete. It is deleted unless somebody takes it.

use crate::refusal::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use md5::{Digest as _, Md5};
use std::fmt::Display;
use std::path::Path;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

/// The checksums of an object, as Google writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    /// CRC32C, big endian, in base64.
    pub(crate) crc32c: String,
    /// MD5, in base64.
    pub(crate) md5: String,
}

/// Computes checksums while bytes pass.
#[derive(Clone, Default)]
pub(crate) struct Summing {
    crc: u32,
    md5: Md5,
}

impl Summing {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.crc = crc32c::crc32c_append(self.crc, bytes);
        self.md5.update(bytes);
    }

    pub(crate) fn finish(self) -> Sums {
        Sums { crc32c: STANDARD.encode(self.crc.to_be_bytes()), md5: STANDARD.encode(self.md5.finalize()) }
    }
}

/// A file that grows.
pub(crate) struct Spooled {
    path: TempPath,
    file: File,
    length: u64,
    sums: Summing,
}

/// A complete file.
pub(crate) struct Complete {
    /// The file. It is deleted with this value.
    pub(crate) path: TempPath,
    pub(crate) length: u64,
    pub(crate) sums: Sums,
}

impl Spooled {
    pub(crate) fn new(folder: &Path) -> Result<Self, Refusal> {
        let made = tempfile::Builder::new().prefix("upload-").tempfile_in(folder).map_err(Refusal::disk)?;
        let (file, path) = made.into_parts();
        Ok(Self { path, file: File::from_std(file), length: 0, sums: Summing::default() })
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.file.write_all(bytes).await.map_err(Refusal::disk)?;
        self.length += bytes.len() as u64;
        self.sums.update(bytes);
        Ok(())
    }

    /// Adds a body. The first `skip` bytes are there already.
    pub(crate) async fn fill<E: Display>(
        &mut self,
        body: impl Stream<Item = Result<Bytes, E>>,
        mut skip: u64,
    ) -> Result<(), Refusal> {
        let mut body = std::pin::pin!(body);
        while let Some(piece) = body.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    // What has arrived stays, so that a resumable upload continues after it.
                    self.file.flush().await.map_err(Refusal::disk)?;
                    return Err(Refusal::invalid(format!("the upload was cut off: {error}")));
                }
            };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            skip -= known as u64;
            self.write(piece.get(known..).unwrap_or_default()).await?;
        }
        self.file.flush().await.map_err(Refusal::disk)
    }

    pub(crate) async fn finish(mut self) -> Result<Complete, Refusal> {
        self.file.flush().await.map_err(Refusal::disk)?;
        Ok(Complete { path: self.path, length: self.length, sums: self.sums.finish() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sums_are_googles_and_known_bytes_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let mut spooled = Spooled::new(folder.path()).unwrap();
        let body = |text: &'static [u8]| futures::stream::iter([Ok::<_, String>(Bytes::from_static(text))]);
        spooled.fill(body(b"1234"), 0).await.unwrap();
        spooled.fill(body(b"3456789"), 2).await.unwrap();
        let complete = spooled.finish().await.unwrap();
        assert_eq!(std::fs::read(&complete.path).unwrap(), b"123456789");
        // The check values of both algorithms for this text.
        assert_eq!(complete.sums.crc32c, STANDARD.encode(0xE306_9283_u32.to_be_bytes()));
        assert_eq!(complete.sums.md5, "JfnnlDI7RTiF9RgfG2JNCw==");
        drop(complete);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
