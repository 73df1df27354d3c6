//! Splits a stream into pieces of one size, each with the facts needed to send it.

use bytes::{Buf as _, Bytes, BytesMut};
use futures::TryStreamExt as _;
use segue_ports::PortError;
use segue_ports::object::ByteStream;

/// The size of a piece in bytes, except the last. Cloud Storage requires a multiple of 256 KiB.
pub(crate) const PIECE: usize = 8 << 20;

/// A piece.
pub(crate) struct Piece {
    /// The position of its first byte in the object.
    pub(crate) begin: u64,
    pub(crate) bytes: Bytes,
    /// The checksum of the object up to the end of the piece.
    pub(crate) sum: u32,
    /// Whether it is the last piece of the object.
    pub(crate) is_last: bool,
}

/// The pieces of a stream, one after another.
pub(crate) struct Pieces {
    stream: ByteStream,
    /// Bytes that were read beyond the last piece.
    rest: Bytes,
    begin: u64,
    sum: u32,
    last_length: u64,
}

impl Pieces {
    pub(crate) fn new(stream: ByteStream) -> Self {
        Self { stream, rest: Bytes::new(), begin: 0, sum: 0, last_length: 0 }
    }

    /// The next piece. After the last piece it is empty.
    ///
    /// # Errors
    /// The error of the stream.
    pub(crate) async fn next(&mut self) -> Result<Piece, PortError> {
        // Most objects are smaller than a piece. After the first piece, a buffer that grows would leave its smaller
        // copies behind.
        let mut bytes = if self.begin > 0 { BytesMut::with_capacity(PIECE) } else { BytesMut::new() };
        let mut ended = false;
        while bytes.len() < PIECE || self.rest.is_empty() {
            if self.rest.is_empty() {
                match self.stream.try_next().await? {
                    Some(chunk) => self.rest = chunk,
                    None => {
                        ended = true;
                        break;
                    }
                }
            }
            let fits = self.rest.len().min(PIECE - bytes.len());
            bytes.extend_from_slice(&self.rest.split_to(fits));
        }
        let bytes = bytes.freeze();
        self.sum = crc32c::crc32c_append(self.sum, &bytes);
        let piece =
            Piece { begin: self.begin, sum: self.sum, is_last: ended && !self.rest.has_remaining(), bytes };
        self.last_length = piece.bytes.len() as u64;
        self.begin += self.last_length;
        Ok(piece)
    }

    /// The number of bytes in the last returned piece.
    pub(crate) fn last_length(&self) -> u64 {
        self.last_length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;

    async fn cut(lengths: &[usize]) -> Vec<(u64, usize, bool)> {
        let chunks: Vec<_> = lengths.iter().map(|length| Ok(Bytes::from(vec![b'x'; *length]))).collect();
        let mut pieces = Pieces::new(futures::stream::iter(chunks).boxed());
        let mut cut = Vec::new();
        loop {
            let piece = pieces.next().await.unwrap();
            cut.push((piece.begin, piece.bytes.len(), piece.is_last));
            if piece.is_last {
                let whole = vec![b'x'; lengths.iter().sum()];
                assert_eq!(piece.sum, crc32c::crc32c(&whole));
                return cut;
            }
        }
    }

    #[tokio::test]
    async fn pieces_are_of_one_size_but_for_the_last() {
        let size = PIECE as u64;
        assert_eq!(cut(&[]).await, [(0, 0, true)]);
        assert_eq!(cut(&[3, 0, 4]).await, [(0, 7, true)]);
        assert_eq!(cut(&[PIECE]).await, [(0, PIECE, true)]);
        assert_eq!(cut(&[PIECE, 0, 0]).await, [(0, PIECE, true)]);
        assert_eq!(cut(&[PIECE, 0, 1]).await, [(0, PIECE, false), (size, 1, true)]);
        assert_eq!(
            cut(&[2 * PIECE + 5]).await,
            [(0, PIECE, false), (size, PIECE, false), (2 * size, 5, true)]
        );
    }
}
