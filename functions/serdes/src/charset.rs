//! The charsets of files. Ion is always UTF-8.

use crate::convert::{Sink, Source};
use crate::failure::Failure;
use encoding_rs::{EncoderResult, Encoding, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use segue_task::TaskError;
use std::io::{self, BufReader, Cursor, Read as _, Write};

/// The mark of the byte order in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The charset of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charset(&'static Encoding);

impl Charset {
    /// The charset with this name. Default: UTF-8.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if there is no such charset.
    pub(crate) fn named(name: Option<&str>) -> Result<Self, TaskError> {
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(Self(UTF_8)) };
        Encoding::for_label(name.as_bytes()).map(Self).ok_or_else(|| {
            TaskError::failed(format!(
                "charset is '{name}', which is not known; write a name like UTF-8, ISO-8859-1 or windows-1252"
            ))
        })
    }

    /// The name of the charset.
    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    /// The bytes of a file as UTF-8, without the mark of the byte order. Bytes of a file in UTF-8 are not changed, so that
    /// the reader of the format refuses what is not UTF-8.
    ///
    /// # Errors
    /// [`Failure::Io`] if the file cannot be read.
    pub(crate) fn decode(self, mut source: Source) -> Result<Source, Failure> {
        if self.0 != UTF_8 {
            let mut builder = DecodeReaderBytesBuilder::new();
            builder.encoding(Some(self.0)).strip_bom(true);
            return Ok(Box::new(BufReader::new(builder.build(source))));
        }
        let mut start = Vec::new();
        source.by_ref().take(MARK.len() as u64).read_to_end(&mut start)?;
        if start == MARK {
            start.clear();
        }
        Ok(Box::new(Cursor::new(start).chain(source)))
    }

    /// A writer that takes UTF-8 and writes this charset.
    ///
    /// # Errors
    /// [`Failure::Refused`] if no file can be written in this charset.
    pub(crate) fn encode(self, sink: &mut Sink) -> Result<Encoded<'_>, Failure> {
        if self.0.output_encoding() != self.0 {
            return Err(Failure::refused(format!(
                "files cannot be written in the charset {}; use UTF-8",
                self.0.name()
            )));
        }
        Ok(Encoded { sink, encoding: self.0, rest: Vec::new() })
    }
}

/// Writes a charset.
pub(crate) struct Encoded<'a> {
    sink: &'a mut Sink,
    encoding: &'static Encoding,
    /// The beginning of a character, the end of which has not been written yet.
    rest: Vec<u8>,
}

impl Write for Encoded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.encoding == UTF_8 {
            return self.sink.write(bytes);
        }
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.rest.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut self.rest, rest)).map_err(io::Error::other)?;
        let mut encoder = self.encoding.new_encoder();
        let mut encoded = Vec::with_capacity(text.len() * 2 + 16);
        let (result, _) = encoder.encode_from_utf8_to_vec_without_replacement(&text, &mut encoded, true);
        match result {
            EncoderResult::InputEmpty => {}
            EncoderResult::Unmappable(character) => {
                let why = format!(
                    "the character '{character}' cannot be written in {}; use UTF-8",
                    self.encoding.name()
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            EncoderResult::OutputFull => return Err(io::Error::other("a text is too long for its charset")),
        }
        self.sink.write_all(&encoded)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(charset: &str, bytes: &'static [u8]) -> String {
        let mut text = String::new();
        let source: Source = Box::new(bytes);
        Charset::named(Some(charset)).unwrap().decode(source).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn files_are_read_in_their_charset() {
        assert_eq!(read("", b"\xEF\xBB\xBFa\xC3\xA9"), "aé");
        assert_eq!(read("ISO-8859-1", b"a\xE9"), "aé");
        assert_eq!(read("UTF-16LE", b"\xFF\xFEa\x00\xE9\x00"), "aé");
        let error = Charset::named(Some("klingon")).unwrap_err().to_string();
        assert!(error.contains("'klingon', which is not known"), "{error}");
    }
}
