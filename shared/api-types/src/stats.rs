//! Statistics for charts.

use crate::execution::Execution;
use jiff::Timestamp;
use schemars::JsonSchema;
use segue_model::state::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Executions that have ended, by period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutionStats {
    /// The periods, oldest first.
    pub periods: Vec<StatsPeriod>,
    /// All periods together.
    pub whole: StatsPeriod,
    /// The time zone of the periods.
    pub timezone: String,
}

/// The executions that began in a period and have ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatsPeriod {
    /// The start of the period.
    pub from: Timestamp,
    /// The end of the period, exclusive.
    pub to: Timestamp,
    /// The number of executions by state.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub states: BTreeMap<State, u64>,
    /// About half of the executions took at most this long, in milliseconds. At most 5 % wrong. Absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<u64>,
    /// About 95 % of the executions took at most this long, in milliseconds. At most 5 % wrong. Absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u64>,
}

/// An execution with the states of its tasks, without its task runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutionTasks {
    /// The execution, without its task runs.
    pub execution: Execution,
    /// The tasks that began, in the order of their first runs.
    pub tasks: Vec<TaskStates>,
}

/// The states of the runs of a task in an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskStates {
    /// The id of the task.
    pub task_id: String,
    /// How many flowable tasks are around the task.
    pub depth: u32,
    /// The id of the latest run of the task.
    pub task_run_id: String,
    /// The number of runs by state.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub states: BTreeMap<State, u64>,
}

/// When a task run that waits for its next attempt begins it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextAttempt {
    /// The id of the task run.
    pub task_run_id: String,
    /// The date on which the next attempt begins.
    pub date: Timestamp,
}
