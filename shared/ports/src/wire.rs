//! What travels between services: versioned, small, never a secret. Large values travel as references.

use jiff::Timestamp;
use segue_model::backfill::BackfillRequest;
use segue_model::event::Event;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::trigger_state::TriggerKey;
use segue_model::{Json, Map};
use serde::{Deserialize, Serialize};

/// The version written into every message.
pub const WIRE_VERSION: u32 = 1;

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "most messages are about executions: a box would cost each one")]
pub enum Message {
    /// Something happened to an execution.
    Execution(ExecutionMessage),
    /// A task run is to be run.
    TaskRun(Box<TaskRunMessage>),
    /// A schedule is to be looked at: the body of what Cloud Scheduler publishes. It names no slot; those that are
    /// due follow from the trigger's state.
    Tick(TriggerKey),
    /// An execution has ended, or is paused: a schedule may wait for it, a Flow trigger may fire on it, a backfill
    /// goes on.
    ExecutionEnded(ExecutionEnded),
    /// A backfill is asked for.
    Backfill(Box<BackfillRequest>),
}

/// An execution has ended, or is paused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionEnded {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The state it is in.
    pub state: State,
}

/// Something happened to an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionMessage {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// What happened.
    pub event: Event,
}

impl ExecutionMessage {
    /// A message of the current version.
    pub fn new(execution_id: ExecutionId, event: Event) -> Self {
        Self { version: WIRE_VERSION, execution_id, event }
    }
}

/// A task run is to be run. Delivery key: execution, task run, attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunMessage {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// Which execution.
    pub execution_id: ExecutionId,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The revision that runs.
    pub flow_revision: u32,
    /// Which task run.
    pub task_run_id: TaskRunId,
    /// Which attempt, from 0.
    pub attempt: u32,
    /// The task.
    pub task_id: String,
    /// Its type.
    pub task_type: String,
    /// Its own properties, not rendered.
    pub properties: Map,
    /// What its expressions can reach (kestra-compat.md 3.2).
    pub context: Json,
    /// A duration or a template of one; per attempt.
    pub timeout: Option<String>,
    /// Lines below are dropped.
    pub log_level: Option<LogLevel>,
    /// Lines go to a file in internal storage.
    #[serde(default)]
    pub log_to_file: bool,
    /// The working directory it shares with its siblings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<WorkingDirectoryRef>,
    /// When it was dispatched.
    pub dispatched_at: Timestamp,
}

/// The directory that the children of a WorkingDirectory share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkingDirectoryRef {
    /// Its name: the parent's task run and attempt, so that a retry begins clean.
    pub id: String,
}

/// How a message can be told from its duplicates, for logs and claims.
impl TaskRunMessage {
    /// The delivery key.
    pub fn key(&self) -> AttemptKey {
        AttemptKey {
            execution_id: self.execution_id.clone(),
            task_run_id: self.task_run_id.clone(),
            attempt: self.attempt,
        }
    }
}

/// One attempt of one task run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptKey {
    /// Which execution.
    pub execution_id: ExecutionId,
    /// Which task run.
    pub task_run_id: TaskRunId,
    /// Which attempt, from 0.
    pub attempt: u32,
}
