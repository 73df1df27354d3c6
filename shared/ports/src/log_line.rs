//! Parts of the log of one execution: lines by their numbers, and the numbers of the lines that match.
//!
//! A number counts from 1 and never changes, so a link to a line stays right. The functions here choose from lines in
//! memory. A store that can choose by itself does so; the conformance suite compares both.

use jiff::Timestamp;
use segue_model::log::{LogEntry, LogLevel};

/// Selects lines in the log of one execution. An absent field selects all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFilter {
    /// Lines of this level and above.
    pub min_level: LogLevel,
    /// Lines of the task run with this id.
    pub task_run: Option<String>,
    /// Lines of this attempt, counted from 0.
    pub attempt: Option<u32>,
    /// Lines with this text in the message. Upper and lower case are the same.
    pub text: Option<String>,
}

impl Default for LineFilter {
    fn default() -> Self {
        Self { min_level: LogLevel::Trace, task_run: None, attempt: None, text: None }
    }
}

impl LineFilter {
    /// Whether every line is selected.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a line is selected.
    pub fn holds_for(&self, line: &LogEntry) -> bool {
        let has_text = |text: &String| line.message.to_lowercase().contains(&text.to_lowercase());
        let is_of = |run: &String| line.task_run_id.as_ref().is_some_and(|own| own.as_str() == run);
        line.level >= self.min_level
            && self.task_run.as_ref().is_none_or(is_of)
            && self.attempt.is_none_or(|attempt| line.attempt_number == Some(attempt))
            && self.text.as_ref().is_none_or(has_text)
    }
}

/// Where a part of a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinesAt {
    /// The first lines with a number above this one.
    After(u64),
    /// The last lines with a number below this one.
    Before(u64),
}

/// A line of a log with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedLine {
    /// The number, from 1.
    pub number: u64,
    /// The line.
    pub line: LogEntry,
}

/// When a line was written, and at which level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The date on which the line was written.
    pub at: Timestamp,
    /// The level.
    pub level: LogLevel,
}

impl Moment {
    /// The moment of a line.
    pub fn of(line: &LogEntry) -> Self {
        Self { at: line.timestamp, level: line.level }
    }
}

/// The result of a search over the logs of many executions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundLines {
    /// The lines of the page.
    pub lines: Vec<NumberedLine>,
    /// The number of matching lines, counted up to 10,000.
    pub total: u64,
    /// The moments of all counted lines, in the order of the lines. Empty unless the search asks for moments.
    pub moments: Vec<Moment>,
}

/// How many lines of a log match, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineIndex {
    /// The number of all lines of the log.
    pub total: u64,
    /// The number of lines that match.
    pub found: u64,
    /// The numbers of the first lines that match, in order.
    pub numbers: Vec<u64>,
}

/// Chooses a part of a whole log.
pub fn choose_lines(all: Vec<LogEntry>, filter: &LineFilter, at: LinesAt, limit: u32) -> Vec<NumberedLine> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let matching = numbered(all).filter(|line| filter.holds_for(&line.line));
    match at {
        LinesAt::After(number) => matching.filter(|line| line.number > number).take(limit).collect(),
        LinesAt::Before(number) => {
            let mut lines: Vec<_> = matching.take_while(|line| line.number < number).collect();
            lines.drain(..lines.len().saturating_sub(limit));
            lines
        }
    }
}

/// The index of a whole log, with at most `most` numbers.
pub fn index_lines(all: Vec<LogEntry>, filter: &LineFilter, most: u32) -> LineIndex {
    let mut index = LineIndex { total: all.len() as u64, ..LineIndex::default() };
    for line in numbered(all).filter(|line| filter.holds_for(&line.line)) {
        index.found = index.found.saturating_add(1);
        if index.numbers.len() < most as usize {
            index.numbers.push(line.number);
        }
    }
    index
}

fn numbered(all: Vec<LogEntry>) -> impl Iterator<Item = NumberedLine> {
    (1_u64..).zip(all).map(|(number, line)| NumberedLine { number, line })
}
