//! A task of a flow: what every task has, and what only a flowable has (docs/kestra.md 1.3, 4.2).

use crate::flow_output::FlowOutput;
use crate::input::Input;
use crate::log::LogLevel;
use crate::retry::Retry;
use crate::{Json, Map};
use serde::{Deserialize, Serialize};

/// One task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Unique within the flow.
    pub id: String,
    /// The canonical type name; a legacy spelling is replaced when the flow is read.
    #[serde(rename = "type")]
    pub type_name: String,
    /// A text for people.
    pub description: Option<String>,
    /// Its own retry policy.
    pub retry: Option<Retry>,
    /// An ISO-8601 duration, or a template of one; per attempt.
    pub timeout: Option<String>,
    /// The task is passed over without a trace.
    pub disabled: bool,
    /// A template; falsy makes the task run SKIPPED.
    pub run_if: Option<String>,
    /// FAILED becomes WARNING.
    pub allow_failure: bool,
    /// WARNING becomes SUCCESS.
    pub allow_warning: bool,
    /// Lines below are dropped.
    pub log_level: Option<LogLevel>,
    /// Lines go to a file in internal storage.
    pub log_to_file: bool,
    /// What the task does.
    pub kind: TaskKind,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TaskKind {
    /// The engine runs it by running other tasks, or by waiting.
    Flowable(Flowable),
    /// An inline or runnable task: its own properties as written, templates inside.
    Plugin {
        /// All but the common properties.
        properties: Map,
    },
}

/// A flowable: which children there are, and in what order they run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flowable {
    /// The kind with its children.
    pub kind: FlowableKind,
    /// Run when a child failed for good.
    pub errors: Vec<Task>,
    /// Run when the children are done, whatever happened.
    pub finally: Vec<Task>,
}

/// The flowables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FlowableKind {
    /// One child after another.
    Sequential {
        /// The children.
        tasks: Vec<Task>,
    },
    /// Children at once.
    Parallel {
        /// The children.
        tasks: Vec<Task>,
        /// At most so many at once; 0 is no limit.
        concurrent: u32,
    },
    /// One branch of two.
    If {
        /// A template.
        condition: String,
        /// When it is truthy.
        then: Vec<Task>,
        /// When it is falsy.
        otherwise: Vec<Task>,
    },
    /// One branch of many.
    Switch {
        /// A template.
        value: String,
        /// Branches by rendered value.
        cases: Vec<(String, Vec<Task>)>,
        /// The branch when no case matches.
        defaults: Vec<Task>,
    },
    /// The children once for each value (`ForEach`, `EachSequential`, `EachParallel`, `Loop`).
    ForEach(ForEach),
    /// A subflow for each batch of lines of a file.
    ForEachItem(Box<ForEachItem>),
    /// Made by the engine for the middle of a ForEachItem: a subflow for each file of the split.
    Batches(Box<ForEachItem>),
    /// Children in the order of their dependencies.
    Dag {
        /// The children with what each waits for.
        tasks: Vec<DagTask>,
        /// At most so many at once; 0 is no limit.
        concurrent: u32,
    },
    /// Children one after another; a failure ends as WARNING.
    AllowFailure {
        /// The children.
        tasks: Vec<Task>,
    },
    /// Another flow.
    Subflow(Box<Subflow>),
    /// Waits for a person or a date.
    Pause(Box<Pause>),
    /// Waits for a time.
    Sleep {
        /// A duration, or a template of one.
        duration: String,
    },
    /// The children again and again until a condition holds.
    LoopUntil(Box<LoopUntil>),
    /// Runnable children that share one directory.
    WorkingDirectory(Box<WorkingDirectory>),
}

/// `ForEach` and its relatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEach {
    /// A list, or a template of a JSON array.
    pub values: Json,
    /// The children of one iteration.
    pub tasks: Vec<Task>,
    /// Iterations at once; 0 is all, 1 is strictly in order.
    pub concurrency_limit: u32,
    /// Whether the children of one iteration run at once as well (`EachParallel`).
    pub parallel_group: bool,
    /// More options of a `Loop` (Kestra 2.x). `None` for other loops.
    #[serde(rename = "loop")]
    pub as_loop: Option<LoopOptions>,
}

/// What only 2.x's `Loop` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopOptions {
    /// Whether an iteration that failed ends the loop, which then has failed as well.
    pub transmit_failed: bool,
    /// What each iteration gives out; templates that see the iteration's `item` and `outputs`.
    pub outputs: Vec<FlowOutput>,
}

/// A child of a Dag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DagTask {
    /// The child.
    pub task: Task,
    /// Ids of siblings that end first.
    pub depends_on: Vec<String>,
}

/// A call of another flow (docs/kestra.md 4.2, 2.7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subflow {
    /// A template.
    pub namespace: String,
    /// A template.
    pub flow_id: String,
    /// The latest unless given.
    pub revision: Option<Json>,
    /// Templates inside.
    pub inputs: Map,
    /// Map, list of `{key, value}`, or null; templates inside.
    pub labels: Json,
    /// Whether the task ends with the subflow.
    pub wait: bool,
    /// Whether the subflow's end becomes the task's.
    pub transmit_failed: bool,
    /// Whether the subflow gets this execution's labels.
    pub inherit_labels: bool,
    /// A template of a date before which the subflow does not start.
    pub schedule_date: Option<String>,
    /// Deprecated: templates over the subflow's context.
    pub outputs: Map,
    /// RETRY_FAILED or NEW_EXECUTION.
    pub restart_behavior: Option<String>,
}

/// A subflow for each batch of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEachItem {
    /// A template of the file's URI.
    pub items: String,
    /// `rows`, `bytes`, `partitions`, `separator`; templates inside.
    pub batch: Map,
    /// What is called for each batch.
    pub subflow: Subflow,
}

/// A wait for a person or a date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// A duration, or a template of one.
    pub duration: Option<String>,
    /// RESUME, WARN, FAIL or CANCEL, when the duration has passed.
    pub behavior: PauseBehavior,
    /// What a person who resumes may say.
    pub on_resume: Vec<Input>,
    /// A task that runs when the pause begins.
    pub on_pause: Option<Task>,
    /// Deprecated: children that run after the resume.
    pub tasks: Vec<Task>,
}

/// What happens when a pause's duration has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PauseBehavior {
    /// The task ends SUCCESS.
    #[default]
    Resume,
    /// The task ends WARNING.
    Warn,
    /// The task ends FAILED.
    Fail,
    /// The execution ends CANCELLED.
    Cancel,
}

/// A loop with a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopUntil {
    /// The children of one round.
    pub tasks: Vec<Task>,
    /// A template; truthy ends the loop.
    pub condition: String,
    /// Whether reaching a bound is a failure.
    pub fail_on_max_reached: bool,
    /// A bound on the rounds.
    pub max_iterations: Option<Json>,
    /// A bound on the time.
    pub max_duration: Option<String>,
    /// The wait between rounds, PT1M unless given.
    pub interval: Option<String>,
}

/// Children that share one directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkingDirectory {
    /// The children, one after another.
    pub tasks: Vec<Task>,
    /// `inputFiles`, `outputFiles`, `namespaceFiles`, `cache` as written.
    pub properties: Map,
}

impl Task {
    /// Every list of direct children, the ones of `errors` and `finally` last.
    pub fn child_lists(&self) -> Vec<&[Task]> {
        let TaskKind::Flowable(flowable) = &self.kind else { return Vec::new() };
        let mut lists: Vec<&[Task]> = match &flowable.kind {
            FlowableKind::Sequential { tasks }
            | FlowableKind::Parallel { tasks, .. }
            | FlowableKind::AllowFailure { tasks } => vec![tasks],
            FlowableKind::If { then, otherwise, .. } => vec![then, otherwise],
            FlowableKind::Switch { cases, defaults, .. } => {
                cases.iter().map(|(_, tasks)| tasks.as_slice()).chain([defaults.as_slice()]).collect()
            }
            FlowableKind::ForEach(each) => vec![&each.tasks],
            FlowableKind::Dag { tasks, .. } => {
                tasks.iter().map(|node| std::slice::from_ref(&node.task)).collect()
            }
            FlowableKind::Pause(pause) => {
                vec![&pause.tasks, pause.on_pause.as_slice()]
            }
            FlowableKind::LoopUntil(until) => vec![&until.tasks],
            FlowableKind::WorkingDirectory(directory) => vec![&directory.tasks],
            FlowableKind::ForEachItem(_)
            | FlowableKind::Batches(_)
            | FlowableKind::Subflow(_)
            | FlowableKind::Sleep { .. } => Vec::new(),
        };
        lists.push(&flowable.errors);
        lists.push(&flowable.finally);
        lists
    }

    /// The task of that id: this one, or one below it.
    pub fn find(&self, id: &str) -> Option<&Task> {
        if self.id == id {
            return Some(self);
        }
        self.child_lists().into_iter().flatten().find_map(|child| child.find(id))
    }

    /// Calls `visit` for this task and every task below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Task)) {
        visit(self);
        for list in self.child_lists() {
            for child in list {
                child.walk(visit);
            }
        }
    }
}
