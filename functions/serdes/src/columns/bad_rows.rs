//! What happens to rows that do not fit.

use crate::failure::Failure;
use schemars::JsonSchema;
use segue_task::TaskContext;
use serde::Deserialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The most warnings of one task. More of them would only fill the log.
const MOST_WARNINGS: u64 = 100;

/// What happens to a row that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnBadLines {
    /// The task fails.
    #[default]
    Error,
    /// The row is left out, and the log names the row.
    Warn,
    /// The row is left out.
    Skip,
}

/// Treats the rows of one file that do not fit.
pub(crate) struct BadRows {
    rule: OnBadLines,
    count: u64,
    sender: UnboundedSender<String>,
}

/// The warnings of a conversion. The log of a task is not for other threads, so the warnings are collected.
pub(crate) struct Warnings(UnboundedReceiver<String>);

impl BadRows {
    pub(crate) fn new(rule: OnBadLines) -> (Self, Warnings) {
        let (sender, receiver) = unbounded_channel();
        (Self { rule, count: 0, sender }, Warnings(receiver))
    }

    /// Leaves something out, or fails. `why` is a sentence without its end, and `what` is left out.
    ///
    /// # Errors
    /// The rule is that the task fails.
    pub(crate) fn leave_out(&mut self, why: &str, what: &str) -> Result<(), Failure> {
        match self.rule {
            OnBadLines::Error => {
                return Err(Failure::refused(format!("{why}, or set onBadLines: SKIP to leave out {what}")));
            }
            OnBadLines::Warn if self.count < MOST_WARNINGS => self.warn(format!("{why}; left out: {what}")),
            OnBadLines::Warn if self.count == MOST_WARNINGS => {
                self.warn("there are more such rows, which are left out too".to_owned());
            }
            OnBadLines::Warn | OnBadLines::Skip => {}
        }
        self.count += 1;
        Ok(())
    }

    fn warn(&self, warning: String) {
        // The receiver is gone only if the task was stopped.
        let _gone = self.sender.send(warning);
    }
}

impl Warnings {
    /// Writes the warnings so far to the log.
    pub(crate) fn log(mut self, context: &TaskContext) {
        while let Ok(warning) = self.0.try_recv() {
            context.warn(warning);
        }
    }
}
