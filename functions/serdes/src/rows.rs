//! Rows in Ion: one value on each line.

use crate::convert::{Sink, Source};
use crate::failure::Failure;
use segue_model::Json;
use segue_task::ion;
use std::collections::VecDeque;
use std::io::{BufRead as _, Read as _, Write as _};

/// The longest row, in bytes.
const LONGEST: u64 = 256 << 20;

/// The rows of a file in Ion. JSON lines are Ion.
pub(crate) struct Rows {
    source: Source,
    waiting: VecDeque<Json>,
    line: u64,
    bytes: u64,
}

impl Rows {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, waiting: VecDeque::new(), line: 0, bytes: 0 }
    }

    /// The number of the last line that was read.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The number of bytes that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next row. None at the end.
    ///
    /// # Errors
    /// A line that is not Ion, or a file that cannot be read to its end.
    pub(crate) fn next(&mut self) -> Result<Option<Json>, Failure> {
        while self.waiting.is_empty() {
            let mut line = Vec::new();
            let read = self.source.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.bytes += read as u64;
            if !line.ends_with(b"\n") && line.len() as u64 == LONGEST {
                return Err(Failure::refused(format!("line {} has more than {LONGEST} bytes", self.line)));
            }
            let wrong = |why: String| {
                let shown: String = String::from_utf8_lossy(&line).trim_end().chars().take(200).collect();
                Failure::refused(format!("line {} is not Ion: {why} in '{shown}'", self.line))
            };
            let text = std::str::from_utf8(&line).map_err(|error| wrong(error.to_string()))?;
            self.waiting = ion::parse_all(text).map_err(|error| wrong(error.to_string()))?.into();
        }
        Ok(self.waiting.pop_front())
    }
}

/// Writes a row in Ion.
pub(crate) fn write(row: &Json, sink: &mut Sink) -> Result<(), Failure> {
    sink.write_all(ion::to_string(row).as_bytes())?;
    Ok(sink.write_all(b"\n")?)
}
