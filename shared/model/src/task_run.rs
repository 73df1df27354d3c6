//! One run of a task within an execution (docs/kestra.md 2.2).

use crate::id::TaskRunId;
use crate::state::{State, StateHistory};
use crate::{Json, Map};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A run of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskRun {
    /// The id. It follows from the position of the task run in the execution.
    pub id: TaskRunId,
    /// The task.
    pub task_id: String,
    /// The run of the flowable around the task; `None` if the task is at the top of the flow.
    pub parent_task_run_id: Option<TaskRunId>,
    /// The value of the loop; `None` outside a loop.
    pub value: Option<String>,
    /// The round of the loop, from 0; `None` outside a loop.
    pub iteration: Option<u64>,
    /// The attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// The outputs. A value over 100 KiB is replaced by a reference to internal storage.
    pub outputs: Map,
    /// The current state and the earlier states.
    pub state: StateHistory,
    /// Whether a service reported this task run, and the flow does not contain it (a model of dbt).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dynamic: bool,
    /// Data that the engine keeps for a flowable (chosen branch, loop values, dates). No page shows it.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub memo: Json,
}

/// An attempt of a task run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// CREATED, RUNNING, and then the final state.
    pub state: StateHistory,
    /// The file of the log, with `logToFile`. `None` if the log is not kept in a file.
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

    /// The current state.
    pub fn current(&self) -> State {
        self.state.current()
    }

    /// The number of attempts that have ended.
    pub fn ended_attempts(&self) -> u32 {
        let ended = self.attempts.iter().filter(|attempt| attempt.state.current().is_terminal()).count();
        u32::try_from(ended).unwrap_or(u32::MAX)
    }
}
