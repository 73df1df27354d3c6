//! The states of executions and task runs, and their history (docs/kestra.md 2.1).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A state of an execution or a task run, under Kestra's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "StateName")]
pub enum State {
    /// Created. Nothing has run.
    Created,
    /// An execution that waits for a slot of its flow's concurrency limit.
    Queued,
    /// Running.
    Running,
    /// Waiting for a person, a date or a condition.
    Paused,
    /// Waiting at a breakpoint, before the task runs.
    Breakpoint,
    /// Queued again by a restart or a resume.
    Restarted,
    /// A failed task that waits for the date of its next attempt.
    Retrying,
    /// Replaced by a new execution, the retry.
    Retried,
    /// Ended without problems.
    Success,
    /// Ended, with something that a person should look at.
    Warning,
    /// Ended with a failure.
    Failed,
    /// A kill was requested and is not complete.
    Killing,
    /// Ended by a kill.
    Killed,
    /// Never started, or stopped by a rule (concurrency, SLA).
    Cancelled,
    /// The `runIf` of the task was false.
    Skipped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 15] = [
        Self::Created,
        Self::Queued,
        Self::Running,
        Self::Paused,
        Self::Breakpoint,
        Self::Restarted,
        Self::Retrying,
        Self::Retried,
        Self::Success,
        Self::Warning,
        Self::Failed,
        Self::Killing,
        Self::Killed,
        Self::Cancelled,
        Self::Skipped,
    ];

    /// Kestra's names of all states, in the order of [`Self::ALL`].
    #[expect(
        clippy::indexing_slicing,
        reason = "the compiler runs this, and refuses an index outside of the list"
    )]
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = Self::ALL[index].as_str();
            index += 1;
        }
        names
    };

    /// The states that are not final.
    pub fn open() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|state| !state.is_terminal())
    }

    /// True for a final state. Nothing more happens unless a person or program asks for it.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Success
            | Self::Warning
            | Self::Failed
            | Self::Killed
            | Self::Cancelled
            | Self::Skipped
            | Self::Retried => true,
            Self::Created
            | Self::Queued
            | Self::Running
            | Self::Paused
            | Self::Breakpoint
            | Self::Restarted
            | Self::Retrying
            | Self::Killing => false,
        }
    }

    /// Kestra's name of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Breakpoint => "BREAKPOINT",
            Self::Restarted => "RESTARTED",
            Self::Retrying => "RETRYING",
            Self::Retried => "RETRIED",
            Self::Success => "SUCCESS",
            Self::Warning => "WARNING",
            Self::Failed => "FAILED",
            Self::Killing => "KILLING",
            Self::Killed => "KILLED",
            Self::Cancelled => "CANCELLED",
            Self::Skipped => "SKIPPED",
        }
    }

    /// The state with this name, in upper or lower case. `CANCELED` is accepted too, because `execution.Exit` spells it
    /// so.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        if upper == "CANCELED" {
            return Some(Self::Cancelled);
        }
        Self::ALL.into_iter().find(|state| state.as_str() == upper)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry of a state history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// The new state.
    pub state: State,
    /// When the state was entered.
    pub date: Timestamp,
}

/// The current state and all earlier states, oldest first. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateHistory {
    current: State,
    histories: Vec<StateChange>,
}

impl StateHistory {
    /// A history from an answer of the API.
    pub fn read_back(current: State, histories: Vec<StateChange>) -> Self {
        Self { current, histories }
    }

    /// A history with one entry.
    pub fn new(state: State, date: Timestamp) -> Self {
        Self { current: state, histories: vec![StateChange { state, date }] }
    }

    /// The state in force.
    pub fn current(&self) -> State {
        self.current
    }

    /// All entries, oldest first.
    pub fn histories(&self) -> &[StateChange] {
        &self.histories
    }

    /// Enters `state`. If `state` is already the current state, nothing changes.
    pub fn enter(&mut self, state: State, date: Timestamp) {
        if self.current != state {
            self.current = state;
            self.histories.push(StateChange { state, date });
        }
    }

    /// The date of the first entry.
    pub fn start_date(&self) -> Timestamp {
        self.histories.first().map_or(Timestamp::UNIX_EPOCH, |change| change.date)
    }

    /// The date of the last entry; `None` unless the current state is final or PAUSED.
    pub fn end_date(&self) -> Option<Timestamp> {
        (self.current.is_terminal() || self.current == State::Paused)
            .then(|| self.histories.last().map(|change| change.date))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_every_entry_once() {
        let date = Timestamp::UNIX_EPOCH;
        let mut history = StateHistory::new(State::Created, date);
        history.enter(State::Running, date);
        history.enter(State::Running, date);
        assert_eq!(history.histories().len(), 2);
        assert_eq!(history.end_date(), None);
        history.enter(State::Success, date);
        assert_eq!(history.end_date(), Some(date));
    }

    #[test]
    fn names_read_back() {
        assert_eq!(State::parse("success"), Some(State::Success));
        assert_eq!(State::parse("CANCELED"), Some(State::Cancelled));
        assert_eq!(State::parse("DONE"), None);
    }
}
