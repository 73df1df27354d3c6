//! Limits against archives that are small and expand to more than a disk.

use std::io::{self, Read};

/// The largest sum of all decompressed files of a task, in bytes.
pub(crate) const LARGEST: u64 = 8 << 30;
/// The largest number of files of an archive.
pub(crate) const MOST_FILES: usize = 100_000;

/// The bytes that a task may still write.
#[derive(Debug)]
pub(crate) struct Room(u64);

impl Room {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Copies everything from a reader.
    ///
    /// # Errors
    /// The reader fails, the disk fails, or the room is used up.
    pub(crate) fn copy(&mut self, from: &mut dyn Read, to: &mut dyn io::Write) -> io::Result<u64> {
        let copied = io::copy(&mut from.take(self.0 + 1), to)?;
        match self.0.checked_sub(copied) {
            Some(left) => {
                self.0 = left;
                Ok(copied)
            }
            None => Err(io::Error::other(format!(
                "the decompressed files are larger than {} MiB together, which is the limit of a task",
                LARGEST >> 20
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_shared_by_all_files() {
        let mut room = Room::new(5);
        assert_eq!(room.copy(&mut b"abc".as_slice(), &mut Vec::new()).unwrap(), 3);
        assert_eq!(room.copy(&mut b"de".as_slice(), &mut Vec::new()).unwrap(), 2);
        assert!(
            room.copy(&mut b"f".as_slice(), &mut Vec::new())
                .unwrap_err()
                .to_string()
                .contains("limit of a task")
        );
    }
}
