//! Divides documents into parts that fit into one embedding.

use schemars::JsonSchema;
use segue_task::TaskError;
use serde::Deserialize;
use text_splitter::{ChunkConfig, TextSplitter};

/// How documents are divided.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DocumentSplitter {
    /// `RECURSIVE`: paragraphs stay whole if they fit, or else lines, sentences and words.
    #[serde(default)]
    splitter: Splitter,
    /// The largest part, in characters.
    max_segment_size_in_chars: usize,
    /// The number of characters at the end of a part that the next part repeats, at most.
    #[serde(default)]
    max_overlap_size_in_chars: usize,
}

/// A way to divide documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Splitter {
    /// The largest whole unit of the text that fits.
    #[default]
    Recursive,
}

impl DocumentSplitter {
    /// The parts of a text.
    ///
    /// # Errors
    /// The sizes contradict each other.
    pub(crate) fn split(&self, text: &str) -> Result<Vec<String>, TaskError> {
        let (size, overlap) = (self.max_segment_size_in_chars, self.max_overlap_size_in_chars);
        if size == 0 {
            return Err(TaskError::failed("maxSegmentSizeInChars must be 1 or more"));
        }
        let config = ChunkConfig::new(size).with_overlap(overlap).map_err(|_| {
            TaskError::failed(format!(
                "maxOverlapSizeInChars ({overlap}) must be smaller than maxSegmentSizeInChars ({size})"
            ))
        })?;
        let Splitter::Recursive = self.splitter;
        Ok(TextSplitter::new(config).chunks(text).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(size: usize, overlap: usize, text: &str) -> Result<Vec<String>, TaskError> {
        DocumentSplitter {
            splitter: Splitter::Recursive,
            max_segment_size_in_chars: size,
            max_overlap_size_in_chars: overlap,
        }
        .split(text)
    }

    #[test]
    fn the_largest_whole_unit_is_taken() {
        let text = "First paragraph.\n\nSecond one. It is longer.";
        assert_eq!(split(100, 0, text).unwrap(), [text]);
        assert_eq!(split(30, 0, text).unwrap(), ["First paragraph.", "Second one. It is longer."]);
        assert_eq!(split(16, 0, text).unwrap(), ["First paragraph.", "Second one.", "It is longer."]);
        assert!(split(5, 0, "abcdefghijkl").unwrap().iter().all(|part| part.len() <= 5));
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(split(0, 0, "x").is_err());
        assert!(split(5, 5, "x").unwrap_err().to_string().contains("must be smaller"));
    }
}
