//! The progress of a ForEachItem. Each piece of its file goes to a subflow (docs/kestra.md 2.7).

use super::subflow;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::state::State;
use segue_model::{Json, Map};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// The pieces with their states and executions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pieces {
    /// One letter for the state of each piece; `.` for a piece that has not ended.
    pieces: String,
    /// The executions by piece. A piece that is absent has the execution of the first attempt.
    executions: BTreeMap<u64, ExecutionId>,
    /// The pieces with a failed execution that is restarted, each with the attempt that failed.
    restarts: BTreeMap<u64, u32>,
    /// The pieces with a failed execution, each with the attempt that failed.
    ended: BTreeMap<u64, u32>,
}

const LETTERS: [(u8, State); 5] = [
    (b's', State::Success),
    (b'w', State::Warning),
    (b'f', State::Failed),
    (b'k', State::Killed),
    (b'c', State::Cancelled),
];

impl Pieces {
    /// Reads the pieces from the memo. There are at least `total` pieces.
    pub(crate) fn of(memo: &Json, total: usize) -> Self {
        let mut pieces: Self = serde_json::from_value(memo.clone()).unwrap_or_default();
        while pieces.pieces.len() < total {
            pieces.pieces.push('.');
        }
        pieces
    }

    /// The pieces in the format of the memo.
    pub(crate) fn memo(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn letter(&self, number: u64) -> Option<u8> {
        usize::try_from(number).ok().and_then(|number| self.pieces.as_bytes().get(number)).copied()
    }

    fn set(&mut self, number: u64, letter: u8) {
        if let Ok(number) = usize::try_from(number)
            && number < self.pieces.len()
        {
            self.pieces.replace_range(number..=number, char::from(letter).encode_utf8(&mut [0; 4]));
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.pieces.len() as u64
    }

    pub(super) fn has_ended(&self, number: usize) -> bool {
        self.pieces.as_bytes().get(number).is_some_and(|letter| *letter != b'.')
    }

    fn count(&self, letter: u8) -> usize {
        self.pieces.bytes().filter(|other| *other == letter).count()
    }

    /// The execution of a piece.
    pub(super) fn execution(&self, task_run: &TaskRunId, number: u64) -> ExecutionId {
        self.executions.get(&number).cloned().unwrap_or_else(|| subflow::child_id(task_run, 0, Some(number)))
    }

    /// The executions of the pieces that have not ended.
    pub(crate) fn open_executions(&self, task_run: &TaskRunId) -> Vec<ExecutionId> {
        (0..self.total())
            .filter(|number| self.letter(*number) == Some(b'.'))
            .map(|number| self.execution(task_run, number))
            .collect()
    }

    /// The execution to create or restart for a piece.
    pub(super) fn child(&self, task_run: &TaskRunId, attempts: usize, number: u64) -> subflow::Child {
        let execution = self.execution(task_run, number);
        match self.restarts.get(&number) {
            Some(attempt) => subflow::Child {
                new: subflow::child_id(task_run, attempts, Some(number)),
                restart: Some((execution, *attempt)),
            },
            None => subflow::Child { new: execution, restart: None },
        }
    }

    /// Repeats failed pieces. With `restarts`, the failed executions are restarted; otherwise new executions are
    /// created.
    pub(crate) fn again(&mut self, task_run: &TaskRunId, attempts: usize, restarts: bool) {
        self.restarts.clear();
        for number in 0..self.total() {
            let Some(letter @ (b'f' | b'k' | b'c')) = self.letter(number) else { continue };
            match self.ended.remove(&number).filter(|_| restarts && letter == b'f') {
                Some(attempt) => {
                    let execution = self.execution(task_run, number);
                    self.executions.insert(number, execution);
                    self.restarts.insert(number, attempt);
                }
                None => {
                    let new = subflow::child_id(task_run, attempts, Some(number));
                    self.executions.insert(number, new);
                }
            }
            self.set(number, b'.');
        }
    }

    /// Stores the ids of all executions. A copy of the task run has another id and could not derive them.
    pub(crate) fn pin(&mut self, task_run: &TaskRunId) {
        for number in 0..self.total() {
            let execution = self.execution(task_run, number);
            self.executions.insert(number, execution);
        }
    }

    /// Gives a piece another execution, because its execution could not be restarted.
    pub(crate) fn replace(&mut self, task_run: &TaskRunId, number: u64, child: &ExecutionId) {
        if self.execution(task_run, number) != *child {
            self.executions.insert(number, child.clone());
            self.restarts.remove(&number);
        }
    }

    /// Whether a piece waits for this end of an execution.
    pub(crate) fn awaits(
        &self,
        task_run: &TaskRunId,
        number: u64,
        (child, original): (&ExecutionId, &ExecutionId),
        attempt: u32,
    ) -> bool {
        let awaited = self.execution(task_run, number);
        (awaited == *child || awaited == *original)
            && self.restarts.get(&number).is_none_or(|restarted| attempt > *restarted)
    }

    /// Records the end of a piece. Returns false if it was recorded already.
    pub(crate) fn end(
        &mut self,
        task_run: &TaskRunId,
        number: u64,
        child: Option<(&ExecutionId, u32)>,
        state: State,
    ) -> bool {
        if self.letter(number) != Some(b'.') {
            return false;
        }
        let letter = LETTERS.iter().find(|(_, known)| *known == state).map_or(b's', |(letter, _)| *letter);
        self.set(number, letter);
        self.restarts.remove(&number);
        if let Some((child, attempt)) = child {
            if !matches!(letter, b's' | b'w') {
                self.ended.insert(number, attempt);
            }
            if self.execution(task_run, number) != *child {
                self.executions.insert(number, child.clone());
            }
        }
        true
    }

    /// The outputs of the task run: how many iterations are in each state, zeros included. Without items there are no
    /// outputs, as in Kestra.
    pub(crate) fn outputs(&self) -> Map {
        let mut outputs = Map::new();
        if self.total() == 0 {
            return outputs;
        }
        // An iteration runs as soon as it is created, so none is CREATED.
        let mut iterations = Map::from_iter([
            (State::Created.as_str().to_owned(), json!(0)),
            (State::Running.as_str().to_owned(), json!(self.count(b'.'))),
        ]);
        for (letter, state) in LETTERS {
            iterations.insert(state.as_str().into(), json!(self.count(letter)));
        }
        outputs.insert("numberOfBatches".into(), json!(self.total()));
        outputs.insert("iterations".into(), Json::Object(iterations));
        outputs
    }

    /// The final state of the task run; `None` while a piece is open.
    pub(crate) fn state(&self, transmits: bool) -> Option<State> {
        let has = |letter| self.count(letter) > 0;
        if has(b'.') {
            return None;
        }
        Some(if !transmits {
            State::Success
        } else if has(b'f') || has(b'c') {
            State::Failed
        } else if has(b'k') {
            State::Killed
        } else if has(b'w') {
            State::Warning
        } else {
            State::Success
        })
    }
}
