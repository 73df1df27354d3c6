//! What a step comes to: what changed, and what is to be brought about.

use crate::inline::Change;
use jiff::Timestamp;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::Label;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::Lookup;

/// What a step comes to. The execution itself is in the state the step was given.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Whether there is anything to commit.
    pub changed: bool,
    /// Task runs that are new or changed, with their place in the order of making.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// Task runs that are gone.
    pub removed: Vec<TaskRunId>,
    /// Lines for the log.
    pub logs: Vec<LogEntry>,
    /// Changes outside the execution that ride on the commit.
    pub changes: Vec<Change>,
    /// What is to be brought about once the commit is in.
    pub effects: Vec<Effect>,
    /// Answers to fetch; then step again.
    pub pending: Vec<Lookup>,
    /// The step was cut short by its budget; step again.
    pub more: bool,
}

/// Something to bring about, once, after the commit; again after a crash, so each must bear that.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A task run goes to its service.
    DispatchTaskRun(Box<Dispatch>),
    /// A timer is set; one of the same key is replaced.
    SetTimer {
        /// Its name within the execution.
        key: String,
        /// When.
        due: Timestamp,
    },
    /// A timer is cleared.
    ClearTimer {
        /// Its name within the execution.
        key: String,
    },
    /// A slot of the flow's concurrency limit is asked for.
    TakeSlot,
    /// The slot, or the place in the queue, is given back.
    ReleaseSlot,
    /// Attempts are stopped, whether a service has begun them or not.
    StopAttempts {
        /// Which: the task run and its attempt, from 0.
        attempts: Vec<(TaskRunId, u32)>,
    },
    /// A subflow is made.
    StartSubflow(Box<SubflowRequest>),
    /// A subflow is killed with its parent.
    KillExecution {
        /// Which.
        execution_id: ExecutionId,
    },
    /// The parent learns how this subflow ended.
    NotifyParent {
        /// Its execution.
        execution_id: ExecutionId,
        /// The task run that waits.
        task_run_id: TaskRunId,
        /// Its batch, in ForEachItem.
        iteration: Option<u64>,
        /// How this execution ended.
        state: State,
        /// Its declared outputs.
        outputs: Map,
    },
    /// The whole flow is tried again as a new execution.
    CreateRetryExecution,
    /// The execution has ended or is paused: whoever waits for that is told the state.
    AnnounceState {
        /// The state that the execution has reached.
        state: State,
    },
}

/// A task run on its way to its service.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// The service.
    pub service: &'static str,
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
    /// What its expressions can reach.
    pub context: Json,
    /// A duration or a template of one.
    pub timeout: Option<String>,
    /// Lines below are dropped.
    pub log_level: Option<LogLevel>,
    /// Lines go to a file.
    pub log_to_file: bool,
    /// The name of the directory it shares with its siblings.
    pub working_directory: Option<String>,
}

/// A subflow to be made, or restarted. Its id follows from the task run, so made twice it is one.
#[derive(Clone, Debug, PartialEq)]
pub struct SubflowRequest {
    /// The id it will have where it is made.
    pub execution_id: ExecutionId,
    /// The failed one that is restarted rather, while its attempt is still that; where nothing in it can be
    /// restarted, a new one is made.
    pub restart: Option<(ExecutionId, u32)>,
    /// What the caller asks for where the flow declares no outputs.
    pub outputs: Map,
    /// The task run that calls.
    pub task_run_id: TaskRunId,
    /// The task that calls, and its type.
    pub task: (String, String),
    /// Its batch, in ForEachItem.
    pub iteration: Option<u64>,
    /// The loop value of the task run.
    pub value: Option<String>,
    /// The flow to run.
    pub namespace: String,
    /// The flow to run.
    pub flow_id: String,
    /// Its revision, else the latest.
    pub revision: Option<u32>,
    /// What is submitted.
    pub inputs: Map,
    /// Labels the child gets besides its own.
    pub labels: Vec<Label>,
    /// How many executions call each other above it.
    pub depth: u32,
    /// Whether the end is told.
    pub wait: bool,
    /// Not before this.
    pub schedule_date: Option<Timestamp>,
}
