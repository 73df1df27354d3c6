//! Where the output of a script goes: log, outputs, metrics.

use crate::lines::Line;
use crate::process::Source;
use crate::protocol::{self, MetricKind, Report};
use segue_model::Map;
use segue_model::log::LogLevel;
use segue_task::TaskContext;

/// Bytes one attempt may log: beyond that a script prints data, not a log.
const MAX_LOGGED: usize = 64 * 1024 * 1024;

/// Sorts lines into log, outputs and metrics.
pub(crate) struct Sink<'a> {
    context: &'a TaskContext,
    vars: Map,
    room: usize,
    left_out: u64,
}

impl<'a> Sink<'a> {
    /// For one attempt.
    pub(crate) fn new(context: &'a TaskContext) -> Self {
        Self { context, vars: Map::new(), room: MAX_LOGGED, left_out: 0 }
    }

    /// Takes one line.
    pub(crate) fn line(&mut self, source: Source, line: Line) {
        match protocol::parse(&line.text) {
            Some(Ok(report)) => self.report(report),
            Some(Err(error)) => {
                let shown: String = line.text.chars().take(500).collect();
                self.context.warn(format!("Invalid outputs: {error} in '{shown}'"));
            }
            None => {
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

    fn report(&mut self, report: Report) {
        self.vars.extend(report.outputs.unwrap_or_default());
        for metric in report.metrics {
            match metric.kind {
                MetricKind::Counter => self.context.metric_counter(&metric.name, metric.value),
                MetricKind::Timer => self.context.metric_timer(&metric.name, metric.value),
            }
        }
        for line in report.logs {
            self.log(line.level(), line.text());
        }
    }

    fn log(&mut self, level: LogLevel, text: String) {
        match self.room.checked_sub(text.len() + 1) {
            Some(room) => {
                self.room = room;
                self.context.log(level, text);
            }
            None => self.left_out += 1,
        }
    }

    /// The outputs, once the script has ended.
    pub(crate) fn finish(self) -> Map {
        if self.left_out > 0 {
            self.context.warn(format!(
                "{} lines are not in this log, which has {} MiB already; write data to a file and keep it with \
                 outputFiles",
                self.left_out,
                MAX_LOGGED / 1024 / 1024
            ));
        }
        self.vars
    }
}
