//! What can happen to an execution. Events are past tense; each may arrive twice, late or out of order.

use crate::id::{ExecutionId, TaskRunId};
use crate::label::Label;
use crate::state::State;
use crate::task_run::TaskRun;
use crate::{Json, Map};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened to an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum Event {
    /// It was written in CREATED.
    ExecutionCreated,
    /// Look again: a step was cut short, or a sweep suspects a lost message.
    Continued,
    /// A service began an attempt.
    TaskRunStarted {
        /// Which.
        task_run_id: TaskRunId,
        /// From 0.
        attempt: u32,
        /// When.
        date: Timestamp,
    },
    /// A service ended an attempt.
    TaskRunFinished(TaskRunResult),
    /// A timer came due.
    TimerFired {
        /// The timer's key within the execution.
        key: String,
    },
    /// A subflow was made for a task run.
    SubflowCreated {
        /// Which task run.
        task_run_id: TaskRunId,
        /// Its batch, in ForEachItem.
        iteration: Option<u64>,
        /// The subflow's execution, or why there is none.
        outcome: Result<ExecutionId, String>,
    },
    /// A subflow ended.
    SubflowFinished {
        /// Which task run.
        task_run_id: TaskRunId,
        /// Its batch, in ForEachItem.
        iteration: Option<u64>,
        /// The subflow's execution.
        execution_id: ExecutionId,
        /// The first of its line of retries: the execution that was asked for.
        original_id: ExecutionId,
        /// Which attempt of the whole subflow ended: a restart counts one more.
        attempt: u32,
        /// How it ended.
        state: State,
        /// Its declared outputs.
        outputs: Map,
    },
    /// The execution now holds a permit of the flow's concurrency limit.
    #[serde(alias = "SlotGranted")]
    PermitGranted,
    /// Other executions hold all permits of the flow's concurrency limit.
    #[serde(alias = "SlotRefused")]
    PermitRefused,
    /// A kill was asked for.
    KillRequested {
        /// Whether its subflows are killed too.
        cascade: bool,
    },
    /// A pause was asked for.
    PauseRequested,
    /// A resume was asked for.
    ResumeRequested {
        /// Values for `onResume`, resolved already.
        inputs: Map,
        /// Which paused task run, else the first.
        task_run_id: Option<TaskRunId>,
    },
    /// A restart from what failed was asked for.
    RestartRequested {
        /// The attempt of the whole execution that is to be followed by the next; one that was restarted
        /// meanwhile is not restarted again.
        attempt: u32,
    },
    /// It is to run now, whatever it waits for: a date, a permit, a person.
    ForceRunRequested,
    /// It is to leave the queue of its flow's concurrency limit.
    Unqueued {
        /// RUNNING, or the state it ends in.
        state: State,
    },
    /// The state of a task run was set from outside; the execution goes on from there.
    TaskRunStateChanged {
        /// Which task run.
        task_run_id: TaskRunId,
        /// Its state, a terminal one.
        state: State,
    },
    /// The final state was replaced by another final one; nothing runs.
    StatusChanged {
        /// Which.
        state: State,
    },
    /// Labels were set from outside.
    LabelsChanged {
        /// What is set.
        labels: Vec<Label>,
    },
}

/// How an attempt of a task run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunResult {
    /// Which task run.
    pub task_run_id: TaskRunId,
    /// Which attempt, from 0.
    pub attempt: u32,
    /// SUCCESS, WARNING, FAILED, KILLED or SKIPPED.
    pub state: State,
    /// What it gave out.
    #[serde(default)]
    pub outputs: Map,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When the service began.
    pub start_date: Timestamp,
    /// When it ended.
    pub end_date: Timestamp,
    /// More task runs that the service reports (dbt models).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dynamic: Vec<TaskRun>,
    /// Rows, bytes and the like, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}

/// A number a task counted or timed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name, dotted: `rows`, `bytes`, `total.bytes.billed`.
    pub name: String,
    /// `counter`, or `timer` in seconds.
    #[serde(rename = "type")]
    pub kind: MetricKind,
    /// The number.
    pub value: f64,
    /// What it is about.
    #[serde(default)]
    pub tags: Json,
}

/// What a metric's number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    /// A count.
    Counter,
    /// Seconds.
    Timer,
}
