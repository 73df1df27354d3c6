//! An execution without its task runs, which are kept apart so that a large execution never becomes a large
//! document (docs/kestra.md 2.2).

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
    /// Its id, derived from what fired it.
    pub id: ExecutionId,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The revision it runs, pinned.
    pub flow_revision: u32,
    /// Resolved inputs.
    pub inputs: Map,
    /// Declared outputs, once it has ended.
    pub outputs: Option<Map>,
    /// Its labels, each key once.
    pub labels: Vec<Label>,
    /// `vars.*`: the flow's, changed by SetVariables.
    pub variables: Map,
    /// Its state.
    pub state: StateHistory,
    /// The execution it replays.
    pub parent_id: Option<ExecutionId>,
    /// The first of a line of replays.
    pub original_id: ExecutionId,
    /// What fired it.
    pub trigger: Option<ExecutionTrigger>,
    /// Attempts of the whole.
    pub metadata: ExecutionMetadata,
    /// Not before this.
    pub schedule_date: Option<Timestamp>,
}

/// What fired an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutionTrigger {
    /// The trigger's id, or the parent's task id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What `trigger.*` shows.
    pub variables: Map,
    /// The slot it stands for, when a schedule or a backfill fired it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Timestamp>,
    /// The backfill it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<String>,
    /// Who waits for the end, when it is a subflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentTaskRun>,
}

/// The task run that waits for a subflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentTaskRun {
    /// Its execution.
    pub execution_id: ExecutionId,
    /// The task run.
    pub task_run_id: TaskRunId,
    /// Its piece, in ForEachItem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// How many executions call each other above this one: 1 for a subflow of an execution that nobody called.
    #[serde(default)]
    pub depth: u32,
    /// True if the task run waits for the end of this execution.
    pub wait: bool,
    /// What the caller asks for where the flow declares no outputs; templates over this execution.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map,
}

/// Attempts of the whole execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionMetadata {
    /// 1 for the first.
    pub attempt_number: u32,
    /// When the first of a line of retries was made.
    pub original_created_date: Timestamp,
}

impl Execution {
    /// An execution in state CREATED without inputs, labels, variables and trigger, that is not a replay.
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
        }
    }

    /// Where the files of this execution live in internal storage, without scheme and leading slash
    /// (docs/kestra.md 2.8).
    pub fn storage_prefix(&self) -> String {
        storage_prefix(&self.namespace, &self.flow_id, &self.id)
    }
}

/// Where the files of an execution live in internal storage, without scheme and leading slash.
pub fn storage_prefix(namespace: &str, flow_id: &str, execution: &ExecutionId) -> String {
    format!("{}/{}/executions/{execution}", namespace.replace('.', "/"), slug(flow_id))
}

/// Where the log of an attempt goes that is kept in a file (`logToFile`), without scheme and leading slash.
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

/// A name as it stands in a path: lower case, everything but letters, digits and dashes a dash.
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
