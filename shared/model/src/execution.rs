//! An execution without its task runs (docs/kestra.md 2.2). Task runs are stored separately, so the document of an
//! execution with many tasks stays small.

use crate::Map;
use crate::id::{ExecutionId, TaskRunId};
use crate::label::Label;
use crate::state::{State, StateHistory};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// The id. It follows from the cause of the execution, for example the trigger and the slot.
    pub id: ExecutionId,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The revision of the flow. It stays the same when the flow changes.
    pub flow_revision: u32,
    /// The inputs, checked and converted.
    pub inputs: Map,
    /// The declared outputs. `None` until the execution has ended.
    pub outputs: Option<Map>,
    /// The labels. Each key occurs once.
    pub labels: Vec<Label>,
    /// The values of `vars.*`. They begin with the variables of the flow; SetVariables changes them.
    pub variables: Map,
    /// Its state.
    pub state: StateHistory,
    /// The execution that this execution replays. `None` if it is not a replay.
    pub parent_id: Option<ExecutionId>,
    /// The first execution of a chain of replays. The execution's own id if it is not a replay.
    pub original_id: ExecutionId,
    /// The cause of the execution: a trigger, or a parent task. `None` if a person or program started it.
    pub trigger: Option<ExecutionTrigger>,
    /// The attempt of the whole execution, and the time of its first creation.
    pub metadata: ExecutionMetadata,
    /// The execution does not start before this time. `None`: it starts at once.
    pub schedule_date: Option<Timestamp>,
    /// What the execution is for. `None`: it is an ordinary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ExecutionKind>,
    /// The tasks before which the execution waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breakpoints: Vec<Breakpoint>,
}

/// What an execution is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionKind {
    /// An ordinary execution.
    Normal,
    /// A test.
    Test,
    /// A trial in the editor.
    Playground,
}

impl ExecutionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Test, Self::Playground];
    /// The name of every kind.
    pub const NAMES: [&str; 3] = [Self::Normal.as_str(), Self::Test.as_str(), Self::Playground.as_str()];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Test => "TEST",
            Self::Playground => "PLAYGROUND",
        }
    }

    /// The kind with this name. `None` for an unknown name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A task before which an execution waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Breakpoint {
    /// The id of the task.
    pub id: String,
    /// The value of the loop round. Absent: every round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Breakpoint {
    /// Reads `task` or `task.value`.
    pub fn parse(text: &str) -> Self {
        match text.trim().split_once('.') {
            Some((id, value)) => Self { id: id.to_owned(), value: Some(value.to_owned()) },
            None => Self { id: text.trim().to_owned(), value: None },
        }
    }
}

/// The cause of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutionTrigger {
    /// The id of the trigger, or the id of the parent's task.
    pub id: String,
    /// The type of the trigger or task.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The values of `trigger.*` in expressions.
    pub variables: Map,
    /// The slot of the schedule or backfill. `None` for other causes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Timestamp>,
    /// The id of the backfill. `None` if no backfill started the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<String>,
    /// The task run that called this subflow. `None` if the execution is no subflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentTaskRun>,
}

/// The task run that called a subflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentTaskRun {
    /// The execution of the task run.
    pub execution_id: ExecutionId,
    /// The id of the task run.
    pub task_run_id: TaskRunId,
    /// The number of the batch in ForEachItem, from 0; `None` for a Subflow task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// The number of callers above this execution. It is 1 if the caller is not a subflow itself.
    #[serde(default)]
    pub depth: u32,
    /// True if the task run waits for the end of this execution.
    pub wait: bool,
    /// The outputs that the caller asks for, as templates over this execution. They are used if the flow declares no
    /// outputs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map,
}

/// The attempts of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionMetadata {
    /// The number of the attempt; 1 is the first attempt.
    pub attempt_number: u32,
    /// When the first execution of a chain of retries was created.
    pub original_created_date: Timestamp,
}

impl Execution {
    /// An execution in state CREATED without inputs, labels, variables and trigger. It is not a replay.
    pub fn created(
        id: ExecutionId,
        namespace: &str,
        flow_id: &str,
        flow_revision: u32,
        now: Timestamp,
    ) -> Self {
        Self {
            original_id: id.clone(),
            id,
            namespace: namespace.to_owned(),
            flow_id: flow_id.to_owned(),
            flow_revision,
            inputs: Map::new(),
            outputs: None,
            labels: Vec::new(),
            variables: Map::new(),
            state: StateHistory::new(State::Created, now),
            parent_id: None,
            trigger: None,
            metadata: ExecutionMetadata { attempt_number: 1, original_created_date: now },
            schedule_date: None,
            kind: None,
            breakpoints: Vec::new(),
        }
    }

    /// The folder of this execution's files in internal storage, without scheme and leading slash (docs/kestra.md 2.8).
    pub fn storage_prefix(&self) -> String {
        storage_prefix(&self.namespace, &self.flow_id, &self.id)
    }
}

/// The folder of an execution's files in internal storage, without scheme and leading slash.
pub fn storage_prefix(namespace: &str, flow_id: &str, execution: &ExecutionId) -> String {
    format!("{}/{}/executions/{execution}", namespace.replace('.', "/"), slug(flow_id))
}

/// The path of an attempt's log file in internal storage (`logToFile`), without scheme and leading slash.
pub fn log_file_path(
    namespace: &str,
    flow_id: &str,
    execution: &ExecutionId,
    (task_id, task_run): (&str, &TaskRunId),
    attempt: u32,
) -> String {
    let prefix = storage_prefix(namespace, flow_id, execution);
    format!("{prefix}/tasks/{}/{task_run}/attempt-{attempt}.log", slug(task_id))
}

/// A name as a part of a path: in lower case, with a dash for every character except letters, digits and dashes.
pub fn slug(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            text.extend(letter.to_lowercase());
        } else if !text.ends_with('-') {
            text.push('-');
        }
    }
    text.trim_matches('-').to_owned()
}
