//! The header `Content-Range` of uploads.

use crate::refusal::Refusal;

/// Which bytes of an upload a request has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The position of the first byte. None if the request has no bytes, and asks how far the upload is.
    pub(crate) first: Option<u64>,
    /// The length of the whole file. None if the client does not know it yet.
    pub(crate) total: Option<u64>,
    /// Whether the end of the body is the end of the file.
    pub(crate) is_rest: bool,
}

impl Piece {
    /// Reads `bytes 0-99/1000`, `bytes 0-99/*`, `bytes */1000` or `bytes */*`. With `bytes 0-*/*`, the request has all
    /// bytes from the first on. Without the header, it has all bytes.
    pub(crate) fn read(header: Option<&str>) -> Result<Option<Self>, Refusal> {
        let Some(text) = header else { return Ok(None) };
        let wrong = || Refusal::invalid(format!("the header Content-Range is '{text}'"));
        let (range, total) =
            text.trim().strip_prefix("bytes").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let (first, is_rest) = match range.trim().trim_start_matches('=') {
            "*" => (None, false),
            range => {
                let (first, last) = range.split_once('-').ok_or_else(wrong)?;
                (Some(number(first)?), last.trim() == "*")
            }
        };
        let total = match total.trim() {
            "*" => None,
            total => Some(number(total)?),
        };
        Ok(Some(Self { first, total, is_rest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        for (text, first, total, is_rest) in [
            ("bytes 0-99/1000", Some(0), Some(1000), false),
            ("bytes 100-199/*", Some(100), None, false),
            ("bytes */1000", None, Some(1000), false),
            ("bytes */*", None, None, false),
            ("bytes 100-*/*", Some(100), None, true),
        ] {
            assert_eq!(Piece::read(Some(text)).unwrap(), Some(Piece { first, total, is_rest }), "{text}");
        }
        assert_eq!(Piece::read(None).unwrap(), None);
        for text in ["", "bytes", "bytes x-1/2", "bytes 1/2", "items 0-1/2"] {
            assert!(Piece::read(Some(text)).is_err(), "{text}");
        }
    }
}
