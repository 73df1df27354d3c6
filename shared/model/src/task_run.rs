//! One run of a task within an execution (docs/kestra.md 2.2).

use crate::id::TaskRunId;
use crate::state::{State, StateHistory};
use crate::{Json, Map};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One run of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskRun {
    /// Its id, derived from where it stands in the execution.
    pub id: TaskRunId,
    /// The task.
    pub task_id: String,
    /// The run of the flowable it belongs to.
    pub parent_task_run_id: Option<TaskRunId>,
    /// The loop value it runs for.
    pub value: Option<String>,
    /// The round of the loop, from 0.
    pub iteration: Option<u64>,
    /// The tries so far.
    pub attempts: Vec<Attempt>,
    /// What it gave out; values over 100 KiB are references into internal storage.
    pub outputs: Map,
    /// Its state.
    pub state: StateHistory,
    /// Made by a task service, not by the flow (a dbt model).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dynamic: bool,
    /// What the engine keeps of a flowable (chosen branch, loop values, dates); never shown.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub memo: Json,
}

/// One try of a task run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// CREATED, RUNNING, then how it ended.
    pub state: StateHistory,
    /// Where its log went, with `logToFile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
}

impl TaskRun {
    /// A task run in state CREATED, without attempts, outside of every loop and flowable.
    pub fn created(id: TaskRunId, task_id: &str, now: Timestamp) -> Self {
        Self {
            id,
            task_id: task_id.to_owned(),
            parent_task_run_id: None,
            value: None,
            iteration: None,
            attempts: Vec::new(),
            outputs: Map::new(),
            state: StateHistory::new(State::Created, now),
            dynamic: false,
            memo: Json::Null,
        }
    }

    /// The state in force.
    pub fn current(&self) -> State {
        self.state.current()
    }

    /// How many tries have ended.
    pub fn ended_attempts(&self) -> u32 {
        let ended = self.attempts.iter().filter(|attempt| attempt.state.current().is_terminal()).count();
        u32::try_from(ended).unwrap_or(u32::MAX)
    }
}
