//! The compressions of blocks.

use crate::failure::Failure;
use std::io::{self, Read};

/// The most bytes of a block, compressed or not.
pub(super) const LONGEST_BLOCK: u64 = 128 << 20;

/// The compression of the blocks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Null,
    Deflate,
    Snappy,
    Bzip2,
    Zstandard,
}

impl Codec {
    /// The compression with this name.
    ///
    /// # Errors
    /// A compression that is not supported.
    pub(super) fn named(name: &[u8]) -> Result<Self, Failure> {
        Ok(match name {
            b"" | b"null" => Self::Null,
            b"deflate" => Self::Deflate,
            b"snappy" => Self::Snappy,
            b"bzip2" => Self::Bzip2,
            b"zstandard" => Self::Zstandard,
            other => {
                return Err(Failure::refused(format!(
                    "the blocks are compressed with '{}'; write the file with null, deflate, snappy, bzip2 or \
                     zstandard",
                    String::from_utf8_lossy(other)
                )));
            }
        })
    }

    /// The bytes of a block.
    ///
    /// # Errors
    /// The block is not compressed so, or is too large.
    pub(super) fn decompress(self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Null => Ok(block),
            Self::Deflate => all(flate2::read::DeflateDecoder::new(block.as_slice())),
            Self::Bzip2 => all(bzip2::read::MultiBzDecoder::new(block.as_slice())),
            Self::Zstandard => all(zstd::stream::read::Decoder::new(block.as_slice())?),
            Self::Snappy => snappy(&block),
        }
    }
}

fn all(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = reader.take(LONGEST_BLOCK + 1).read_to_end(&mut bytes)?;
    if read as u64 > LONGEST_BLOCK { Err(too_large()) } else { Ok(bytes) }
}

/// Snappy without frames. The last four bytes are the checksum of the others.
fn snappy(block: &[u8]) -> io::Result<Vec<u8>> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let Some((compressed, checksum)) = block.split_last_chunk::<4>() else {
        return Err(wrong("it has no checksum".to_owned()));
    };
    let length = snap::raw::decompress_len(compressed).map_err(|error| wrong(error.to_string()))?;
    if length as u64 > LONGEST_BLOCK {
        return Err(too_large());
    }
    let bytes =
        snap::raw::Decoder::new().decompress_vec(compressed).map_err(|error| wrong(error.to_string()))?;
    let mut sum = flate2::Crc::new();
    sum.update(&bytes);
    if sum.sum() == u32::from_be_bytes(*checksum) {
        Ok(bytes)
    } else {
        Err(wrong("its checksum is wrong".to_owned()))
    }
}

fn too_large() -> io::Error {
    let why = format!("it has more than {} MiB", LONGEST_BLOCK >> 20);
    io::Error::new(io::ErrorKind::InvalidData, why)
}
