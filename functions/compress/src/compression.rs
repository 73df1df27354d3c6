//! The formats of compressed bytes.

use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, LzmaOptions, Stream};
use liblzma::write::XzEncoder;
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::{self, Read, Write};

/// The memory that the reader of an LZMA or XZ file may need, in bytes. The file chooses the size of its dictionary.
const LZMA_MEMORY: u64 = 256 << 20;
/// The level of LZMA and XZ, from 0 to 9. It is the default of the program `xz`.
const XZ_LEVEL: u32 = 6;

/// A format of compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Compression {
    /// `.bz2`
    Bzip2,
    /// `.zlib`, the format of RFC 1950.
    Deflate,
    /// `.gz`
    Gzip,
    /// `.lz4`
    #[serde(rename = "LZ4FRAME")]
    Lz4Frame,
    /// `.lzma`
    Lzma,
    /// `.sz`
    #[serde(rename = "SNAPPYFRAME", alias = "SNAPPY")]
    SnappyFrame,
    /// `.xz`
    Xz,
    /// `.zst`
    Zstd,
}

impl Compression {
    /// The ending of file names.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Bzip2 => ".bz2",
            Self::Deflate => ".zlib",
            Self::Gzip => ".gz",
            Self::Lz4Frame => ".lz4",
            Self::Lzma => ".lzma",
            Self::SnappyFrame => ".sz",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
        }
    }

    /// Reads compressed bytes. A file of several compressed parts, one after another, is read to its end.
    pub(crate) fn reader<'a>(self, from: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(from)),
            Self::Deflate => Box::new(flate2::read::ZlibDecoder::new(from)),
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(from)),
            Self::Lz4Frame => Box::new(lz4_flex::frame::FrameDecoder::new(from)),
            Self::Lzma => Box::new(XzDecoder::new_stream(from, Stream::new_lzma_decoder(LZMA_MEMORY)?)),
            Self::SnappyFrame => Box::new(snap::read::FrameDecoder::new(from)),
            Self::Xz => {
                Box::new(XzDecoder::new_stream(from, Stream::new_stream_decoder(LZMA_MEMORY, CONCATENATED)?))
            }
            Self::Zstd => Box::new(zstd::Decoder::new(from)?),
        })
    }

    /// Compresses what `write` writes.
    pub(crate) fn write<T>(
        self,
        to: impl Write,
        write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<T> {
        let level = flate2::Compression::default();
        match self {
            Self::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(to, bzip2::Compression::default());
                let done = write(&mut encoder)?;
                encoder.finish()?;
                Ok(done)
            }
            Self::Deflate => {
                let mut encoder = flate2::write::ZlibEncoder::new(to, level);
                let done = write(&mut encoder)?;
                encoder.finish()?;
                Ok(done)
            }
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(to, level);
                let done = write(&mut encoder)?;
                encoder.finish()?;
                Ok(done)
            }
            Self::Lz4Frame => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(to);
                let done = write(&mut encoder)?;
                encoder.finish().map_err(io::Error::other)?;
                Ok(done)
            }
            Self::Lzma => {
                let stream = Stream::new_lzma_encoder(&LzmaOptions::new_preset(XZ_LEVEL)?)?;
                let mut encoder = XzEncoder::new_stream(to, stream);
                let done = write(&mut encoder)?;
                encoder.finish()?;
                Ok(done)
            }
            Self::SnappyFrame => {
                let mut encoder = snap::write::FrameEncoder::new(to);
                let done = write(&mut encoder)?;
                encoder.flush()?;
                Ok(done)
            }
            Self::Xz => {
                let mut encoder = XzEncoder::new(to, XZ_LEVEL);
                let done = write(&mut encoder)?;
                encoder.finish()?;
                Ok(done)
            }
            Self::Zstd => {
                let mut encoder = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                let done = write(&mut encoder)?;
                encoder.finish()?;
                Ok(done)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 8] = [
        Compression::Bzip2,
        Compression::Deflate,
        Compression::Gzip,
        Compression::Lz4Frame,
        Compression::Lzma,
        Compression::SnappyFrame,
        Compression::Xz,
        Compression::Zstd,
    ];

    fn compressed(format: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        format.write(&mut out, |writer| writer.write_all(bytes)).unwrap();
        out
    }

    fn plain(format: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        format.reader(Box::new(bytes))?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn bytes_come_back() {
        let long: Vec<u8> = (0..300_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        for format in ALL {
            for bytes in [b"".as_slice(), b"x", &long] {
                let small = compressed(format, bytes);
                assert_eq!(plain(format, &small).unwrap(), bytes, "{format:?}");
                assert_eq!(compressed(format, bytes), small, "{format:?} is not the same each time");
            }
            assert!(compressed(format, &long).len() < long.len() / 2, "{format:?}");
        }
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let text = "trip ".repeat(50_000);
        for format in ALL {
            let small = compressed(format, text.as_bytes());
            assert!(plain(format, &small[..small.len() / 2]).is_err(), "{format:?}");
            assert!(plain(format, b"this is not compressed at all").is_err(), "{format:?}");
        }
    }

    #[test]
    fn parts_one_after_another_are_one_file() {
        for format in [Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd] {
            let both = [compressed(format, b"one "), compressed(format, b"two")].concat();
            assert_eq!(plain(format, &both).unwrap(), b"one two", "{format:?}");
        }
    }
}
