//! Log lines in documents.
//!
//! A reader remembers its position as a number of lines, so a new line must never come before an older line. Lines are
//! in the order of their commits: a batch of lines is stamped with the version of its commit. This version is known
//! only after the write. So a batch without a stamp has the version of its document. When the document is written
//! again, its batches get that version as their stamp.

use crate::database::document::{Version, as_int, as_list, as_map, as_text, int, list, map, text};
use firestore::gcloud_sdk::google::firestore::v1::Value;
use segue_model::log::LogEntry;
use std::collections::HashMap;
use std::sync::Arc;

/// The bytes of lines that the execution's own document keeps. More lines move to a separate document.
pub(super) const TAIL_BYTES: usize = 48 << 10;
/// The bytes of lines in one document.
pub(super) const CHUNK_BYTES: usize = 500 << 10;
/// Longer lines are cut, because a document has at most 1 MiB. In bytes.
const LINE_BYTES: usize = 300 << 10;

/// Lines of one commit, each as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The version of their commit. None: the version of their document.
    pub(super) at: Option<Version>,
    pub(super) lines: Vec<Arc<str>>,
}

impl Batch {
    /// The lines of a commit that is about to be written.
    pub(super) fn new(entries: &[LogEntry]) -> Result<Self, serde_json::Error> {
        Ok(Self { at: None, lines: entries.iter().map(line).collect::<Result<_, _>>()? })
    }

    pub(super) fn bytes(&self) -> usize {
        32 + self.lines.iter().map(|line| line.len() + 8).sum::<usize>()
    }

    pub(super) fn encode(&self) -> Value {
        let mut fields =
            HashMap::from([("lines".to_owned(), list(self.lines.iter().map(|line| text(&**line))))]);
        if let Some(at) = self.at {
            fields.insert("at".to_owned(), int(i64::try_from(at).unwrap_or(i64::MAX)));
        }
        map(fields)
    }

    pub(super) fn decode(value: &Value) -> Self {
        let field = |name: &str| as_map(value).and_then(|fields| fields.get(name));
        let lines = field("lines").and_then(as_list).unwrap_or_default();
        Self {
            at: field("at").and_then(as_int).and_then(|at| u64::try_from(at).ok()),
            lines: lines.iter().filter_map(as_text).map(Arc::from).collect(),
        }
    }

    /// The same lines, stamped with the version of the document they were read from.
    pub(super) fn stamped(&self, version: Version) -> Self {
        Self { at: Some(self.at.unwrap_or(version)), lines: self.lines.clone() }
    }
}

fn line(entry: &LogEntry) -> Result<Arc<str>, serde_json::Error> {
    let json = serde_json::to_string(entry)?;
    if json.len() <= LINE_BYTES {
        return Ok(json.into());
    }
    let kept = entry.message.floor_char_boundary(LINE_BYTES / 2);
    let (start, _) = entry.message.split_at(kept);
    let message = format!("{start}… ({} bytes in all)", entry.message.len());
    Ok(serde_json::to_string(&LogEntry { message, ..entry.clone() })?.into())
}

/// The lines in an execution's document after more lines arrive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The batches that stay.
    pub(super) kept: Vec<Batch>,
    /// The batches that move to separate documents, one list for each.
    pub(super) moved: Vec<Vec<Batch>>,
}

impl Tail {
    /// Adds lines to `former`, which was read at `version`.
    pub(super) fn grow(former: &[Batch], version: Version, more: Batch) -> Self {
        let mut kept: Vec<Batch> = former.iter().map(|batch| batch.stamped(version)).collect();
        if !more.lines.is_empty() {
            kept.push(more);
        }
        if kept.iter().map(Batch::bytes).sum::<usize>() <= TAIL_BYTES {
            return Self { kept, moved: Vec::new() };
        }
        Self { kept: Vec::new(), moved: chunks(kept) }
    }
}

/// Distributes batches over as many documents as they need.
pub(super) fn chunks(batches: Vec<Batch>) -> Vec<Vec<Batch>> {
    let mut chunks = Vec::new();
    let mut chunk: Vec<Batch> = Vec::new();
    let mut size = 0;
    for batch in batches {
        let mut part = Batch { at: batch.at, lines: Vec::new() };
        for line in batch.lines {
            if size > 0 && size + line.len() > CHUNK_BYTES {
                if !part.lines.is_empty() {
                    chunk.push(std::mem::replace(&mut part, Batch { at: batch.at, lines: Vec::new() }));
                }
                chunks.push(std::mem::take(&mut chunk));
                size = 0;
            }
            size += line.len();
            part.lines.push(line);
        }
        if !part.lines.is_empty() {
            chunk.push(part);
        }
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use segue_model::id::ExecutionId;
    use segue_model::log::LogLevel;

    fn batch(at: Option<Version>, lines: &[&str]) -> Batch {
        Batch { at, lines: lines.iter().map(|line| Arc::from(*line)).collect() }
    }

    fn entry(message: String) -> LogEntry {
        LogEntry {
            namespace: "n".to_owned(),
            flow_id: "f".to_owned(),
            execution_id: ExecutionId::from("e"),
            task_id: None,
            task_run_id: None,
            attempt_number: None,
            timestamp: Timestamp::UNIX_EPOCH,
            level: LogLevel::Info,
            message,
        }
    }

    #[test]
    fn lines_get_the_stamp_of_the_commit_that_wrote_them() {
        let first = Tail::grow(&[], 10, batch(None, &["a"]));
        assert_eq!(first.kept, [batch(None, &["a"])]);
        let second = Tail::grow(&first.kept, 20, batch(None, &["b"]));
        assert_eq!(second.kept, [batch(Some(20), &["a"]), batch(None, &["b"])]);
        let third = Tail::grow(&second.kept, 30, batch(None, &[]));
        assert_eq!(third.kept, [batch(Some(20), &["a"]), batch(Some(30), &["b"])]);
    }

    #[test]
    fn a_tail_that_grows_moves_and_a_batch_reads_back() {
        let long = "x".repeat(TAIL_BYTES);
        let tail = Tail::grow(&[batch(None, &["a"])], 7, batch(None, &[&long, "c"]));
        assert!(tail.kept.is_empty());
        assert_eq!(tail.moved, [vec![batch(Some(7), &["a"]), batch(None, &[&long, "c"])]]);
        for one in tail.moved.iter().flatten() {
            assert_eq!(Batch::decode(&one.encode()), *one);
        }
    }

    #[test]
    fn many_lines_need_several_documents_and_keep_their_order() {
        let line = "x".repeat(CHUNK_BYTES / 3);
        let chunks = chunks(vec![batch(None, &[&line, &line]), batch(Some(1), &[&line, &line, "last"])]);
        assert_eq!(chunks.len(), 2);
        assert_eq!(chunks.iter().flatten().map(|batch| batch.lines.len()).sum::<usize>(), 5);
        assert_eq!(chunks.last().and_then(|chunk| chunk.last()), Some(&batch(Some(1), &[&line, "last"])));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let entry = entry("ü".repeat(LINE_BYTES));
        let cut = line(&entry).unwrap();
        assert!(cut.len() <= LINE_BYTES);
        assert!(cut.contains("bytes in all"));
    }
}
