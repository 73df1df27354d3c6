//! Divides the output of a script into log lines, outputs and metrics.

use crate::lines::{Line, MAX_PROTOCOL_LINE};
use crate::process::{Listener, Source};
use crate::protocol::{self, Report};
use segue_model::Map;
use segue_model::log::LogLevel;
use segue_task::TaskContext;

/// The largest log of one attempt, in bytes. Scripts that print more should write their data to a file.
const MAX_LOGGED: usize = 128 * 1024 * 1024;
/// The cost of a line in addition to its text, in bytes. Empty lines take room too.
const LINE_COST: usize = 40;

/// Reads a line that is not meant as text for people. None for an ordinary line. It may report more to the context.
pub(crate) type ReadLine = fn(&TaskContext, &str) -> Option<ReadText>;

/// What a line says that is not meant as text for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadText {
    /// The level of the line in the log.
    pub(crate) level: LogLevel,
    /// The text of the line in the log.
    pub(crate) text: String,
    /// Why the program cannot go on, if the line says so.
    pub(crate) cause: Option<String>,
}

/// Takes the lines of one attempt.
pub(crate) struct Sink<'a> {
    context: &'a TaskContext,
    read_line: Option<ReadLine>,
    vars: Map,
    room: usize,
    left_out: u64,
    lost: Option<String>,
    cause: Option<String>,
}

/// The outputs that a script reported.
pub(crate) struct Reported {
    /// The outputs that could be read.
    pub(crate) vars: Map,
    /// Why outputs are lost, which makes the task fail. None if all outputs were read.
    pub(crate) lost: Option<String>,
    /// Why the program could not go on, in its own words. None if its lines do not say so.
    pub(crate) cause: Option<String>,
}

impl<'a> Sink<'a> {
    /// A sink that writes to the log of the context.
    pub(crate) fn new(context: &'a TaskContext, read_line: Option<ReadLine>) -> Self {
        Self { context, read_line, vars: Map::new(), room: MAX_LOGGED, left_out: 0, lost: None, cause: None }
    }

    /// Takes one line.
    pub(crate) fn line(&mut self, source: Source, line: Line) {
        if line.left_out > 0 && protocol::begins(&line.text) {
            return self.lose(&line);
        }
        match protocol::parse(&line.text) {
            Some(Ok(report)) => self.report(report),
            Some(Err(error)) => {
                let shown: String = line.text.chars().take(500).collect();
                self.context.warn(format!("Invalid outputs: {error} in '{shown}'"));
            }
            None => {
                if line.left_out == 0
                    && let Some(read) = self.read_line.and_then(|read| read(self.context, &line.text))
                {
                    self.cause = self.cause.take().or(read.cause);
                    return self.log(read.level, read.text);
                }
                let level = match source {
                    Source::Out => LogLevel::Info,
                    Source::Err => LogLevel::Error,
                };
                let text = match line.left_out {
                    0 => line.text,
                    bytes => format!("{}… ({bytes} more bytes)", line.text),
                };
                self.log(level, text);
            }
        }
    }

    /// Reports a line of the output protocol that is too long to be read.
    fn lose(&mut self, line: &Line) {
        let bytes = line.text.len() as u64 + line.left_out;
        let why = format!(
            "the script printed a line of the output protocol (::{{…}}::) of {bytes} bytes, of which {} MiB at most are \
             read, so outputs are lost; write data to a file and store it with outputFiles",
            MAX_PROTOCOL_LINE / 1024 / 1024
        );
        self.context.error(why.clone());
        self.lost.get_or_insert(why);
    }

    fn report(&mut self, report: Report) {
        self.vars.extend(report.outputs.unwrap_or_default());
        for metric in report.metrics {
            self.context.report(metric.into());
        }
        for line in report.logs {
            self.log(line.level(), line.text());
        }
    }

    fn log(&mut self, level: LogLevel, text: String) {
        match self.room.checked_sub(text.len() + LINE_COST) {
            Some(room) => {
                self.room = room;
                self.context.log(level, text);
            }
            None => self.left_out += 1,
        }
    }

    /// Says why the script failed, if its lines did not say so themselves.
    pub(crate) fn explain(&mut self, cause: &str) {
        self.cause.get_or_insert_with(|| cause.to_owned());
    }

    /// Returns the outputs after the script has ended, and logs how many lines were left out.
    pub(crate) fn finish(self) -> Reported {
        if self.left_out > 0 {
            self.context.warn(format!(
                "{} lines were left out, because this log already has {} MiB; write data to a file and store it with \
                 outputFiles",
                self.left_out,
                MAX_LOGGED / 1024 / 1024
            ));
        }
        Reported { vars: self.vars, lost: self.lost, cause: self.cause }
    }
}

impl Listener for &mut Sink<'_> {
    fn line(&mut self, source: Source, line: Line) {
        Sink::line(self, source, line);
    }

    fn room(&self) -> impl Future<Output = ()> + Send {
        self.context.log_room()
    }
}
