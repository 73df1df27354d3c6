//! The blocks of an Avro file.

use super::codec::{Codec, LONGEST_BLOCK};
use crate::convert::Source;
use crate::failure::Failure;
use apache_avro::Schema;
use std::io::{self, Read as _};

/// The most bytes of a key or a value of the header.
const LONGEST_METADATA: u64 = 16 << 20;
/// The most entries of the header.
const MOST_METADATA: u64 = 10_000;
/// The rows of a block that may have no bytes at all, because they have no fields.
const MOST_EMPTY_ROWS: u64 = 1_000_000;

/// The blocks of an Avro file.
pub(super) struct Container {
    source: Source,
    codec: Codec,
    marker: [u8; 16],
    block: u64,
    pub(super) schema: Schema,
}

/// Rows of a file.
pub(super) struct Block {
    /// The number of the block, from 1.
    pub(super) number: u64,
    /// The number of rows.
    pub(super) rows: u64,
    pub(super) bytes: Vec<u8>,
}

impl Container {
    /// Reads the header.
    ///
    /// # Errors
    /// The file is not an Avro file, or cannot be read.
    pub(super) fn open(mut source: Source) -> Result<Self, Failure> {
        let mut magic = [0; 4];
        match source.read_exact(&mut magic) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(Failure::Io(error)),
            Ok(()) if magic == *b"Obj\x01" => {}
            _ => return Err(Failure::refused("the file is not an Avro file: it does not begin with 'Obj'")),
        }
        let (mut schema, mut codec) = (None, Codec::Null);
        let mut left = MOST_METADATA;
        let cut = |error| cut(error, "in its header");
        loop {
            let count = long(&mut source).map_err(cut)?;
            if count == 0 {
                break;
            }
            if count < 0 {
                long(&mut source).map_err(cut)?;
            }
            left = left
                .checked_sub(count.unsigned_abs())
                .ok_or_else(|| Failure::refused("the header has too many entries"))?;
            for _ in 0..count.unsigned_abs() {
                let key = sized(&mut source, LONGEST_METADATA).map_err(cut)?;
                let value = sized(&mut source, LONGEST_METADATA).map_err(cut)?;
                match key.as_slice() {
                    b"avro.schema" => schema = Some(value),
                    b"avro.codec" => codec = Codec::named(&value)?,
                    _ => {}
                }
            }
        }
        let mut marker = [0; 16];
        source.read_exact(&mut marker).map_err(cut)?;
        let schema = schema.ok_or_else(|| Failure::refused("the header has no schema"))?;
        let schema = Schema::parse_str(&String::from_utf8_lossy(&schema))
            .map_err(|error| Failure::refused(format!("the schema in the header is wrong: {error}")))?;
        Ok(Self { source, codec, marker, block: 0, schema })
    }

    /// The next block. None at the end.
    ///
    /// # Errors
    /// The file is cut or damaged, or cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Block>, Failure> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(None);
        }
        self.block += 1;
        let place = format!("in block {}", self.block);
        let damaged = |why: String| Failure::refused(format!("the file is damaged {place}: {why}"));
        let cut = |error| cut(error, &place);
        let rows = long(&mut self.source).map_err(cut)?;
        let rows = u64::try_from(rows).map_err(|_| damaged(format!("it has {rows} rows")))?;
        let bytes = sized(&mut self.source, LONGEST_BLOCK).map_err(cut)?;
        let mut marker = [0; 16];
        self.source.read_exact(&mut marker).map_err(cut)?;
        if marker != self.marker {
            return Err(damaged("it does not end with the marker of the file".to_owned()));
        }
        let bytes = self.codec.decompress(bytes).map_err(|error| damaged(error.to_string()))?;
        if rows > bytes.len() as u64 + MOST_EMPTY_ROWS {
            return Err(damaged(format!("it has {rows} rows in {} bytes", bytes.len())));
        }
        Ok(Some(Block { number: self.block, rows, bytes }))
    }
}

/// A number of a variable length.
fn long(source: &mut Source) -> io::Result<i64> {
    let mut bits = 0_u64;
    for place in 0..10 {
        let mut byte = [0];
        source.read_exact(&mut byte)?;
        let [byte] = byte;
        bits |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(zigzag(bits));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a number has more than 10 bytes"))
}

/// The number with these bits. The lowest bit is the sign.
pub(super) fn zigzag(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

/// Bytes after their number. They are read in pieces, so a wrong number does not take memory.
fn sized(source: &mut Source, most: u64) -> io::Result<Vec<u8>> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let length = long(source)?;
    let length = u64::try_from(length)
        .ok()
        .filter(|length| *length <= most)
        .ok_or_else(|| wrong(format!("a part has {length} bytes, and may have {most}")))?;
    let mut bytes = Vec::new();
    let read = source.by_ref().take(length).read_to_end(&mut bytes)?;
    if (read as u64) < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

/// The failure for an error of reading at a place.
fn cut(error: io::Error, place: &str) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Failure::refused(format!("the file ends {place}, so a part is missing; write the file again"))
        }
        io::ErrorKind::InvalidData => Failure::refused(format!("the file is damaged {place}: {error}")),
        _ => Failure::Io(error),
    }
}
