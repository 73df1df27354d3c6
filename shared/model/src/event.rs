//! The events of an execution. An event says what has happened. Each event may arrive twice, late or out of order.

use crate::execution::Breakpoint;
use crate::id::{ExecutionId, TaskRunId};
use crate::label::Label;
use crate::state::State;
use crate::task_run::TaskRun;
use crate::{Json, Map};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that has happened to an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum Event {
    /// The execution was stored in state CREATED.
    ExecutionCreated,
    /// The engine must look at the execution again. A step stopped early, or a sweep suspects that a message was lost.
    Continued,
    /// A service began an attempt.
    TaskRunStarted {
        /// The task run.
        task_run_id: TaskRunId,
        /// The number of the attempt, from 0.
        attempt: u32,
        /// The start time of the attempt.
        date: Timestamp,
    },
    /// A service ended an attempt.
    TaskRunFinished(TaskRunResult),
    /// The due time of a timer has come.
    TimerFired {
        /// The timer's key within the execution.
        key: String,
    },
    /// The request of a task run for a subflow was answered.
    SubflowCreated {
        /// The task run that calls the subflow.
        task_run_id: TaskRunId,
        /// The number of the batch in ForEachItem, from 0; `None` for a Subflow task.
        iteration: Option<u64>,
        /// The execution of the subflow, or why no execution was created.
        outcome: Result<ExecutionId, String>,
    },
    /// A subflow ended.
    SubflowFinished {
        /// The task run that calls the subflow.
        task_run_id: TaskRunId,
        /// The number of the batch in ForEachItem, from 0; `None` for a Subflow task.
        iteration: Option<u64>,
        /// The execution of the subflow that ended.
        execution_id: ExecutionId,
        /// The execution that the task run asked for. A retry of the whole flow runs as another execution.
        original_id: ExecutionId,
        /// The attempt of the execution that ended. A restart begins the next attempt.
        attempt: u32,
        /// The final state of the subflow.
        state: State,
        /// The declared outputs of the subflow.
        outputs: Map,
    },
    /// The execution now holds a permit of the flow's concurrency limit.
    #[serde(alias = "SlotGranted")]
    PermitGranted,
    /// Other executions hold all permits of the flow's concurrency limit.
    #[serde(alias = "SlotRefused")]
    PermitRefused,
    /// A person or program asked to kill the execution.
    KillRequested {
        /// Whether the subflows of the execution are killed too.
        cascade: bool,
    },
    /// A person or program asked to pause the execution.
    PauseRequested,
    /// A person or program asked to resume the execution.
    ResumeRequested {
        /// The values for `onResume`, already checked and converted.
        inputs: Map,
        /// The paused task run; `None` for the first paused task run.
        task_run_id: Option<TaskRunId>,
    },
    /// A person or program asked to restart the execution from its failed tasks.
    RestartRequested {
        /// The attempt of the execution that the restart follows. If the execution was already restarted, its attempt
        /// is another one and nothing happens.
        attempt: u32,
    },
    /// The execution must run now, even if it waits for a date, a permit or a person.
    ForceRunRequested,
    /// The execution must leave the queue of its flow's concurrency limit.
    Unqueued {
        /// RUNNING, or the final state of the execution.
        state: State,
    },
    /// A request changed the state of a task run. The execution continues from this task run.
    TaskRunStateChanged {
        /// The task run.
        task_run_id: TaskRunId,
        /// The new state, always a final one.
        state: State,
    },
    /// A request resumed an execution that waits at breakpoints.
    BreakpointsLeft {
        /// The new breakpoints. `None`: they stay as they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        breakpoints: Option<Vec<Breakpoint>>,
    },
    /// A request replaced the final state of the execution by another final state. No task runs again.
    StatusChanged {
        /// The new final state.
        state: State,
    },
    /// A request set labels.
    LabelsChanged {
        /// The labels to set. Other labels stay.
        labels: Vec<Label>,
    },
}

/// The end of an attempt of a task run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunResult {
    /// The task run.
    pub task_run_id: TaskRunId,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// SUCCESS, WARNING, FAILED, KILLED or SKIPPED.
    pub state: State,
    /// The outputs of the attempt.
    #[serde(default)]
    pub outputs: Map,
    /// Why the attempt failed. `None` if it did not fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When the service began the attempt.
    pub start_date: Timestamp,
    /// When the attempt ended.
    pub end_date: Timestamp,
    /// More task runs that the service reports, for example the models of dbt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dynamic: Vec<TaskRun>,
    /// Numbers that the task reports by name, for example rows and bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}

/// A number that a task reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The name, with dots: `rows`, `bytes`, `total.bytes.billed`.
    pub name: String,
    /// Whether the number is a count or a time in seconds.
    #[serde(rename = "type")]
    pub kind: MetricKind,
    /// The count, or the seconds.
    pub value: f64,
    /// More about the number, by name, for example the table.
    #[serde(default)]
    pub tags: Json,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    /// A count.
    Counter,
    /// A time in seconds.
    Timer,
    /// A value that replaces the value before.
    Gauge,
}
