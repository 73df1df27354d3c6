//! The result of a step: what changed, and the effects to carry out.

use crate::inline::Change;
use jiff::Timestamp;
use segue_model::execution::{Execution, ExecutionTrigger, ParentTaskRun};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::Label;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::Lookup;
use serde_json::json;

/// The result of a step. The step has changed the execution itself in place.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Whether there is something to commit.
    pub changed: bool,
    /// New and changed task runs, each with its position in the order of creation.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// Task runs to remove.
    pub removed: Vec<TaskRunId>,
    /// Lines for the log.
    pub logs: Vec<LogEntry>,
    /// Changes outside the execution that are part of the commit.
    pub changes: Vec<Change>,
    /// Effects to carry out after the commit.
    pub effects: Vec<Effect>,
    /// Questions that need answers. After that, the step is repeated.
    pub pending: Vec<Lookup>,
    /// Whether the step stopped at its budget. Then the step is repeated.
    pub more: bool,
}

/// An effect, carried out after the commit. It may be carried out again after a crash, so each effect must
/// tolerate this.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Sends a task run to its service.
    DispatchTaskRun(Box<Dispatch>),
    /// Sets a timer. A timer with the same key is replaced.
    SetTimer {
        /// The name of the timer within the execution.
        key: String,
        /// The time the timer is due.
        due: Timestamp,
    },
    /// Clears a timer.
    ClearTimer {
        /// The name of the timer within the execution.
        key: String,
    },
    /// Asks for a permit of the flow's concurrency limit.
    TakePermit,
    /// Releases the permit, or leaves the queue.
    ReleasePermit,
    /// Stops attempts, whether a service has started them or not.
    StopAttempts {
        /// The task runs with the numbers of their attempts, from 0.
        attempts: Vec<(TaskRunId, u32)>,
    },
    /// Creates a subflow.
    StartSubflow(Box<SubflowRequest>),
    /// Kills a subflow together with its parent.
    KillExecution {
        /// The execution of the subflow.
        execution_id: ExecutionId,
    },
    /// Reports the end of this subflow to its parent.
    NotifyParent {
        /// The execution of the parent.
        execution_id: ExecutionId,
        /// The task run that waits for the subflow.
        task_run_id: TaskRunId,
        /// The number of the piece, for a ForEachItem.
        iteration: Option<u64>,
        /// The final state of this execution.
        state: State,
        /// The declared outputs of this execution.
        outputs: Map,
    },
    /// Runs the whole flow again as a new execution.
    CreateRetryExecution,
    /// Announces that the execution has ended or is paused, to everything that waits for this.
    AnnounceState {
        /// The state that the execution has reached.
        state: State,
    },
}

/// A task run to send to its service.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// The service.
    pub service: &'static str,
    /// The task run.
    pub task_run_id: TaskRunId,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// The id of the task.
    pub task_id: String,
    /// The type of the task.
    pub task_type: String,
    /// The properties of the task, not rendered.
    pub properties: Map,
    /// The variables that its expressions can reach.
    pub context: Json,
    /// The timeout: a duration, or a template that renders to one. None: no timeout.
    pub timeout: Option<String>,
    /// Log lines below this level are dropped. None: all lines are kept.
    pub log_level: Option<LogLevel>,
    /// Whether log lines go to a file.
    pub log_to_file: bool,
    /// The name of the directory that the task run shares with its siblings. None if it shares none.
    pub working_directory: Option<String>,
}

/// A subflow to create or restart. The id of the subflow follows from the task run. So a request that is carried out
/// twice still creates one execution.
#[derive(Clone, Debug, PartialEq)]
pub struct SubflowRequest {
    /// The id of a new execution.
    pub execution_id: ExecutionId,
    /// A failed execution to restart, and its attempt. If the execution has another attempt now, it was already
    /// restarted. If nothing in it can be restarted, a new execution is created. `None`: a new execution is created.
    pub restart: Option<(ExecutionId, u32)>,
    /// The outputs that the caller asks for. They are used if the flow declares no outputs.
    pub outputs: Map,
    /// The calling task run.
    pub task_run_id: TaskRunId,
    /// The calling task, and its type.
    pub task: (String, String),
    /// The number of the piece in a ForEachItem, from 0; `None` for a Subflow task.
    pub iteration: Option<u64>,
    /// The value of the loop around the task run; `None` outside a loop.
    pub value: Option<String>,
    /// The namespace of the flow to run.
    pub namespace: String,
    /// The flow to run.
    pub flow_id: String,
    /// The revision. None: the latest.
    pub revision: Option<u32>,
    /// The submitted inputs.
    pub inputs: Map,
    /// Labels for the subflow, in addition to the labels of its flow.
    pub labels: Vec<Label>,
    /// The number of callers above the subflow. It is 1 if the caller is not a subflow itself.
    pub depth: u32,
    /// Whether the caller waits for the end of the subflow.
    pub wait: bool,
    /// The earliest time to start. None: at once.
    pub schedule_date: Option<Timestamp>,
}

impl SubflowRequest {
    /// The trigger of the subflow: the calling task, and the execution of the caller.
    pub fn trigger(&self, parent: &Execution) -> ExecutionTrigger {
        let mut variables = Map::new();
        for (key, value) in [
            ("executionId", json!(parent.id)),
            ("namespace", json!(parent.namespace)),
            ("flowId", json!(parent.flow_id)),
            ("flowRevision", json!(parent.flow_revision)),
            ("taskRunId", json!(self.task_run_id)),
            ("taskRunValue", json!(self.value)),
            ("taskRunIteration", json!(self.iteration)),
        ] {
            if !value.is_null() {
                variables.insert(key.into(), value);
            }
        }
        let (id, type_name) = self.task.clone();
        ExecutionTrigger {
            id,
            type_name,
            variables,
            slot: None,
            backfill: None,
            parent: Some(ParentTaskRun {
                execution_id: parent.id.clone(),
                task_run_id: self.task_run_id.clone(),
                iteration: self.iteration,
                depth: self.depth,
                wait: self.wait,
                outputs: self.outputs.clone(),
            }),
        }
    }
}
