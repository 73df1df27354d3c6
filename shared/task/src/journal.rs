//! The log of one attempt. Lines are masked and filtered as they come, kept in memory, and written in
//! batches. Each line is written once.

use segue_model::execution::{slug, storage_prefix};
use segue_model::log::{LogEntry, LogLevel};
use segue_ports::wire::TaskRunMessage;
use segue_ports::{Clock, InternalStorage, StateStore};
use segue_template::Masker;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Longer lines are cut, because people read the log and a store has limits. In bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// The log of one attempt.
pub(crate) struct Journal {
    /// The fields that every line has, with an empty text.
    blank: LogEntry,
    min_level: LogLevel,
    to_file: Option<String>,
    clock: Arc<dyn Clock>,
    lines: Mutex<Vec<LogEntry>>,
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
        }
    }

    /// Adds a line.
    pub(crate) fn push(&self, level: LogLevel, message: &str, masker: &Masker) {
        if level < self.min_level {
            return;
        }
        let message = cut(masker.apply(message).into_owned());
        self.lines().push(LogEntry { timestamp: self.clock.now(), level, message, ..self.blank.clone() });
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
        if let Err(error) = state.append_logs(lines.clone()).await {
            tracing::warn!(%error, "log lines could not be written; they are kept for the next try");
            let mut later = self.lines();
            let newer = std::mem::replace(&mut *later, lines);
            later.extend(newer);
        }
    }

    /// The remaining lines, for the caller to write with the result. With `logToFile`, the lines go to their
    /// file instead, and nothing remains.
    pub(crate) async fn rest(&self, storage: &InternalStorage) -> Vec<LogEntry> {
        let lines = std::mem::take(&mut *self.lines());
        let Some(path) = &self.to_file else { return lines };
        let text: String = lines
            .iter()
            .map(|line| format!("{} {} {}\n", line.timestamp, line.level.as_str(), line.message))
            .collect();
        match storage.put_text(path, text).await {
            Ok(_) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "the log file could not be written; its lines go to the log store");
                lines
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<LogEntry>> {
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

    #[test]
    fn a_long_line_is_cut_between_letters() {
        let line = cut("ä".repeat(LONGEST_LINE));
        assert!(line.ends_with(&format!("ä… ({} bytes in all)", 2 * LONGEST_LINE)));
        assert_eq!(cut("short".to_owned()), "short");
    }
}
