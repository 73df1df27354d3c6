//! The log of one attempt. Lines are masked and filtered as they come, kept in memory, and written in
//! batches. Each line is written once.

use jiff::Timestamp;
use segue_model::execution::{slug, storage_prefix};
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::wire::TaskRunMessage;
use segue_ports::{Clock, InternalStorage, StateStore};
use segue_template::Masker;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The longest line, in bytes. Longer lines are cut, because people read the log and a store has limits.
const LONGEST_LINE: usize = 64 * 1024;
/// The number of lines in a batch, and the largest number of lines that wait. A task that logs faster than the store
/// writes is slowed down.
const BATCH: usize = 10_000;

/// The log of one attempt.
pub(crate) struct Journal {
    /// The fields that all lines share. The text is empty.
    blank: LogEntry,
    min_level: LogLevel,
    to_file: Option<String>,
    clock: Arc<dyn Clock>,
    lines: Mutex<Vec<Line>>,
    /// Signals that there are enough lines for a batch.
    batch: Notify,
    /// Signals that lines were written.
    written: Notify,
}

/// The fields in which lines differ.
#[derive(Clone)]
struct Line {
    timestamp: Timestamp,
    level: LogLevel,
    message: Box<str>,
}

impl Journal {
    pub(crate) fn new(message: &TaskRunMessage, clock: Arc<dyn Clock>) -> Self {
        let blank = message.log_entry(LogLevel::Info, message.dispatched_at, String::new());
        Self {
            blank,
            min_level: message.log_level.unwrap_or(LogLevel::Trace),
            to_file: message.log_to_file.then(|| log_file_path(message)),
            clock,
            lines: Mutex::default(),
            batch: Notify::new(),
            written: Notify::new(),
        }
    }

    /// Adds a line.
    pub(crate) fn push(&self, level: LogLevel, message: &str, masker: &Masker) {
        if level < self.min_level {
            return;
        }
        let message = cut(masker.apply(message).into_owned());
        let line = Line { timestamp: self.clock.now(), level, message: message.into_boxed_str() };
        let mut lines = self.lines();
        lines.push(line);
        if lines.len() == BATCH {
            self.batch.notify_one();
        }
    }

    /// Waits until there are enough lines for a batch.
    pub(crate) async fn batch(&self) {
        self.batch.notified().await;
    }

    /// Waits while a full batch is not written. Lines for a file are written at the end, so they need not wait.
    pub(crate) async fn room(&self) {
        while self.to_file.is_none() {
            let written = self.written.notified();
            if self.lines().len() < BATCH {
                return;
            }
            written.await;
        }
    }

    fn entries(&self, lines: Vec<Line>) -> Vec<LogEntry> {
        let entry = |Line { timestamp, level, message }| LogEntry {
            timestamp,
            level,
            message: message.into_string(),
            ..self.blank.clone()
        };
        lines.into_iter().map(entry).collect()
    }

    /// Writes the lines since the last write. Lines that cannot be written are kept for the next write.
    pub(crate) async fn flush(&self, state: &dyn StateStore) {
        if self.to_file.is_some() {
            return;
        }
        let lines = std::mem::take(&mut *self.lines());
        if lines.is_empty() {
            return;
        }
        let written = state.append_logs(self.entries(lines.clone())).await;
        if let Err(error) = written {
            tracing::warn!(%error, "log lines could not be written; they are kept for the next try");
            let mut later = self.lines();
            let newer = std::mem::replace(&mut *later, lines);
            later.extend(newer);
            return;
        }
        self.written.notify_waiters();
    }

    /// The remaining lines, for the caller to write with the result. With `logToFile`, the lines go to their
    /// file instead, and nothing remains.
    pub(crate) async fn rest(&self, storage: &InternalStorage) -> Vec<LogEntry> {
        let lines = std::mem::take(&mut *self.lines());
        let Some(path) = &self.to_file else { return self.entries(lines) };
        let mut text = String::new();
        for Line { timestamp, level, message } in &lines {
            text.extend([&timestamp.to_string(), " ", level.as_str(), " ", message, "\n"]);
        }
        match storage.put_text(path, text).await {
            Ok(_) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "the log file could not be written; its lines go to the log store");
                self.entries(lines)
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path of the log of an attempt with `logToFile` in internal storage, without scheme and leading slash.
pub fn log_file_path(message: &TaskRunMessage) -> String {
    segue_model::execution::log_file_path(
        &message.namespace,
        &message.flow_id,
        &message.execution_id,
        (&message.task_id, &message.task_run_id),
        message.attempt,
    )
}

/// The path of the files of a task run in internal storage, without scheme and leading slash (docs/kestra.md
/// 2.8).
pub(crate) fn storage_dir(message: &TaskRunMessage) -> String {
    let prefix = storage_prefix(&message.namespace, &message.flow_id, &message.execution_id);
    format!("{prefix}/tasks/{}/{}", slug(&message.task_id), message.task_run_id)
}

fn cut(mut line: String) -> String {
    if line.len() > LONGEST_LINE {
        let bytes = line.len();
        let mut end = LONGEST_LINE;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push_str(&format!("… ({bytes} bytes in all)"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn a_long_line_is_cut_between_letters() {
        let line = cut("ä".repeat(LONGEST_LINE));
        assert!(line.ends_with(&format!("ä… ({} bytes in all)", 2 * LONGEST_LINE)));
        assert_eq!(cut("short".to_owned()), "short");
    }

    #[tokio::test]
    async fn a_batch_that_is_not_written_leaves_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let ports = segue_embedded::connect(folder.path()).unwrap();
        let mut message = crate::testing::message("test", serde_json::json!({}));
        let journal = Journal::new(&message, ports.clock.clone());
        let masker = Masker::default();
        let say = |journal: &Journal, count: usize| {
            (0..count).for_each(|line| journal.push(LogLevel::Info, &line.to_string(), &masker));
        };
        say(&journal, BATCH - 1);
        assert!(journal.room().now_or_never().is_some());
        assert!(journal.batch().now_or_never().is_none());
        say(&journal, 1);
        assert!(journal.batch().now_or_never().is_some());
        let mut waits = std::pin::pin!(journal.room());
        assert!(waits.as_mut().now_or_never().is_none());
        journal.flush(&*ports.state).await;
        assert!(waits.now_or_never().is_some(), "the waiting task continues");
        say(&journal, 5);
        journal.flush(&*ports.state).await;
        let written = ports.state.logs(&message.execution_id, LogLevel::Trace, 0).await.unwrap();
        let order = (0..BATCH - 1).chain(0..1).chain(0..5).map(|line| line.to_string());
        let written: Vec<_> = written.into_iter().map(|entry| entry.message).collect();
        assert_eq!(written, order.collect::<Vec<_>>());

        message.log_to_file = true;
        let journal = Journal::new(&message, ports.clock.clone());
        say(&journal, BATCH);
        assert!(journal.room().now_or_never().is_some(), "a file is written at the end");
    }
}
