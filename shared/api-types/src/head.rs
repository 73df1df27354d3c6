//! Executions for pages: what is seen at once, and the task runs by page.

use crate::{Execution, TaskRun};
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::state::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An execution without its task runs, and what a page shows of all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionHead {
    /// The execution, without its task runs.
    pub execution: Execution,
    /// The position of the topic `execution:ID` that this answer belongs to.
    pub position: u64,
    /// The number of task runs.
    pub total: u64,
    /// The number of task runs by state.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub states: BTreeMap<State, u64>,
    /// The task runs that explain the state, without their outputs: the first that failed, one that a restart begins
    /// with, one that is paused, and the first at breakpoints.
    pub telling: Vec<TaskRun>,
    /// When the first task run was created. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When the last task run ended. Absent while one is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// When a task run worked, oldest first. Short times between two of them are left out.
    pub busy: Vec<Busy>,
}

/// A time in which at least one task run worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Busy {
    /// The start.
    pub from: Timestamp,
    /// The end. Absent if a task run still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// Some task runs of an execution, in the order of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunRows {
    /// The position of the topic `execution:ID` that this answer belongs to.
    pub position: u64,
    /// The number of rows, without those below folded task runs.
    pub total: u64,
    /// The rows from the requested one on.
    pub rows: Vec<TaskRunRow>,
}

/// A task run in the order of the tree: a flowable task comes before the task runs in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunRow {
    /// The task run, without its outputs.
    pub run: TaskRun,
    /// The number of task runs around it.
    pub depth: u32,
    /// The number of task runs below it, at any depth.
    pub below: u64,
    /// The number of those by state.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub states: BTreeMap<State, u64>,
}
