//! Splits the output of a process into lines of limited length.
//!
//! A process may print gigabytes without a line end. The bytes beyond the limit are counted and left out. Lines of the
//! output protocol contain values, so their limit is 16 MiB instead of 32 KiB.

use crate::protocol;

/// The largest stored size of an ordinary line, in bytes.
const MAX_LINE: usize = 32 * 1024;
/// The largest stored size of a line of the output protocol, in bytes.
pub(crate) const MAX_PROTOCOL_LINE: usize = 16 * 1024 * 1024;

/// One line, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The text. Bytes that are not UTF-8 are replaced.
    pub(crate) text: String,
    /// The number of bytes that were left out at the end of the line.
    pub(crate) left_out: u64,
}

/// Splits a stream of bytes into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The stored bytes of the current line.
    line: Vec<u8>,
    left_out: u64,
}

impl Lines {
    /// Takes the next bytes and emits each completed line.
    pub(crate) fn push(&mut self, bytes: &[u8], emit: &mut impl FnMut(Line)) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.add(piece);
            if pieces.peek().is_some() {
                emit(self.take());
            }
        }
    }

    /// Emits the rest when the stream ends without a line end.
    pub(crate) fn finish(&mut self, emit: &mut impl FnMut(Line)) {
        if !self.line.is_empty() || self.left_out > 0 {
            emit(self.take());
        }
    }

    fn add(&mut self, piece: &[u8]) {
        // The first bytes decide which limit applies, so they are stored before the limit is chosen.
        let (head, tail) = piece.split_at(piece.len().min(MAX_LINE.saturating_sub(self.line.len())));
        self.line.extend_from_slice(head);
        let room = self.limit().saturating_sub(self.line.len());
        let (more, rest) = tail.split_at(tail.len().min(room));
        self.line.extend_from_slice(more);
        self.left_out += rest.len() as u64;
    }

    fn limit(&self) -> usize {
        if protocol::begins_with(&self.line) { MAX_PROTOCOL_LINE } else { MAX_LINE }
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        let left_out = std::mem::take(&mut self.left_out);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        Line { text: String::from_utf8_lossy(line).into_owned(), left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<Line> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.push(chunk, &mut |line| found.push(line));
        }
        lines.finish(&mut |line| found.push(line));
        found
    }

    fn texts(chunks: &[&[u8]]) -> Vec<String> {
        cut(chunks).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_come_whole_however_the_bytes_arrive() {
        let bytes = "eins\r\n\nzwei ü\ndrei".as_bytes();
        let expected = ["eins", "", "zwei ü", "drei"];
        assert_eq!(texts(&[bytes]), expected);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(texts(&single), expected);
        assert_eq!(texts(&[b"a\n"]), ["a"]);
        assert!(texts(&[b""]).is_empty());
    }

    #[test]
    fn a_huge_line_is_bounded_and_counted() {
        let piece = vec![b'x'; 1_000_000];
        let chunks: Vec<&[u8]> =
            std::iter::repeat_n(piece.as_slice(), 50).chain([b"\nnext".as_slice()]).collect();
        let found = cut(&chunks);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text.len(), MAX_LINE);
        assert_eq!(found[0].left_out, 50_000_000 - MAX_LINE as u64);
        assert_eq!(found[1], Line { text: "next".into(), left_out: 0 });
    }

    #[test]
    fn a_protocol_line_may_be_longer() {
        let line = format!("  ::{{\"outputs\":{{\"a\":\"{}\"}}}}::", "y".repeat(1_000_000));
        let chunks: Vec<&[u8]> = line.as_bytes().chunks(7777).collect();
        assert_eq!(texts(&chunks), [line.as_str()]);
        assert_eq!(texts(&[line.as_bytes()]), [line.as_str()]);
        let endless = [b"::{".as_slice(), &vec![b'z'; MAX_PROTOCOL_LINE + 5]];
        assert_eq!(cut(&endless)[0].left_out, 8);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(texts(&[b"a\xff\0b\n"]), ["a\u{fffd}\0b"]);
    }
}
