//! The header `Content-Range` of uploads.

use crate::refusal::Refusal;

/// Which bytes of an upload a request has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The position of the first byte. None if the request has no bytes, and asks how far the upload is.
    pub(crate) first: Option<u64>,
    /// The length of the whole file. None if the client does not know it yet.
    pub(crate) total: Option<u64>,
}

impl Piece {
    /// Reads `bytes 0-99/1000`, `bytes 0-99/*`, `bytes */1000` or `bytes */*`. Without the header, the request has all
    /// bytes.
    pub(crate) fn read(header: Option<&str>) -> Result<Option<Self>, Refusal> {
        let Some(text) = header else { return Ok(None) };
        let wrong = || Refusal::invalid(format!("the header Content-Range is '{text}'"));
        let (range, total) =
            text.trim().strip_prefix("bytes").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let first = match range.trim().trim_start_matches('=') {
            "*" => None,
            range => Some(number(range.split_once('-').ok_or_else(wrong)?.0)?),
        };
        let total = match total.trim() {
            "*" => None,
            total => Some(number(total)?),
        };
        Ok(Some(Self { first, total }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        for (text, first, total) in [
            ("bytes 0-99/1000", Some(0), Some(1000)),
            ("bytes 100-199/*", Some(100), None),
            ("bytes */1000", None, Some(1000)),
            ("bytes */*", None, None),
        ] {
            assert_eq!(Piece::read(Some(text)).unwrap(), Some(Piece { first, total }), "{text}");
        }
        assert_eq!(Piece::read(None).unwrap(), None);
        for text in ["", "bytes", "bytes x-1/2", "bytes 1/2", "items 0-1/2"] {
            assert!(Piece::read(Some(text)).is_err(), "{text}");
        }
    }
}
