//! A task of a flow: the properties of every task, and the properties of a flowable (docs/kestra.md 1.3, 4.2).

use crate::flow_output::FlowOutput;
use crate::input::Input;
use crate::log::LogLevel;
use crate::retry::Retry;
use crate::{Json, Map};
use serde::{Deserialize, Serialize};

/// A task of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The id, unique within the flow.
    pub id: String,
    /// The canonical type name. A legacy name is replaced when the flow is read.
    #[serde(rename = "type")]
    pub type_name: String,
    /// A text for readers of the flow.
    pub description: Option<String>,
    /// The retry policy of the task. `None`: the policy of a parent or of the flow.
    pub retry: Option<Retry>,
    /// The longest time of an attempt, as an ISO-8601 duration or a template of one. `None`: no limit.
    pub timeout: Option<String>,
    /// Whether the task is left out. It then has no task run.
    pub disabled: bool,
    /// A template. If it renders to a falsy value, the task run ends SKIPPED. `None`: the task always runs.
    pub run_if: Option<String>,
    /// Whether FAILED becomes WARNING.
    pub allow_failure: bool,
    /// Whether WARNING becomes SUCCESS.
    pub allow_warning: bool,
    /// Log lines below this level are dropped. `None`: no line is dropped.
    pub log_level: Option<LogLevel>,
    /// Whether the log goes to a file in internal storage.
    pub log_to_file: bool,
    /// The type-specific part of the task.
    pub kind: TaskKind,
}

/// The type-specific part of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TaskKind {
    /// The engine runs the task: it runs other tasks, or waits.
    Flowable(Flowable),
    /// An inline task, or a task of a service. Its properties are kept as written and may contain templates.
    Plugin {
        /// All properties except those that every task has.
        properties: Map,
    },
}

/// A flowable: its children, and the order in which they run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flowable {
    /// The type with its children.
    pub kind: FlowableKind,
    /// Tasks that run when a child failed and has no retry left.
    pub errors: Vec<Task>,
    /// Tasks that run after the children, even after a failure.
    pub finally: Vec<Task>,
}

/// The types of flowables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FlowableKind {
    /// The children run one after another.
    Sequential {
        /// The children.
        tasks: Vec<Task>,
    },
    /// The children run at the same time.
    Parallel {
        /// The children.
        tasks: Vec<Task>,
        /// The largest number of children that run at once; 0 for no limit.
        concurrent: u32,
    },
    /// One of two branches runs.
    If {
        /// The condition, a template.
        condition: String,
        /// The branch if the condition is truthy.
        then: Vec<Task>,
        /// The branch if the condition is falsy.
        otherwise: Vec<Task>,
    },
    /// One of many branches runs.
    Switch {
        /// The value that selects the branch, a template.
        value: String,
        /// The branches, each with its value.
        cases: Vec<(String, Vec<Task>)>,
        /// The branch if no case has the value.
        defaults: Vec<Task>,
    },
    /// The children run once for each value (`ForEach`, `EachSequential`, `EachParallel`, `Loop`).
    ForEach(ForEach),
    /// A subflow runs for each batch of lines of a file.
    ForEachItem(Box<ForEachItem>),
    /// The middle part of a ForEachItem, made by the engine: a subflow runs for each file of the split.
    Batches(Box<ForEachItem>),
    /// The children run in the order of their dependencies.
    Dag {
        /// The children with their dependencies.
        tasks: Vec<DagTask>,
        /// The largest number of children that run at once; 0 for no limit.
        concurrent: u32,
    },
    /// The children run one after another. A failure of a child ends the task WARNING.
    AllowFailure {
        /// The children.
        tasks: Vec<Task>,
    },
    /// Another flow runs.
    Subflow(Box<Subflow>),
    /// The execution waits for a person or a date.
    Pause(Box<Pause>),
    /// The task waits for a time.
    Sleep {
        /// A duration, or a template of one.
        duration: String,
    },
    /// The children run repeatedly until a condition is true.
    LoopUntil(Box<LoopUntil>),
    /// Children that share one directory. All of them run in services.
    WorkingDirectory(Box<WorkingDirectory>),
}

/// The properties of `ForEach`, `EachSequential`, `EachParallel` and `Loop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEach {
    /// The values: a list, or a template of a JSON array.
    pub values: Json,
    /// The children of one iteration.
    pub tasks: Vec<Task>,
    /// The largest number of iterations at once; 0 for no limit, 1 for one after another.
    pub concurrency_limit: u32,
    /// Whether the children of one iteration also run at the same time (`EachParallel`).
    pub parallel_group: bool,
    /// More options of a `Loop` (Kestra 2.x). `None` for other loops.
    #[serde(rename = "loop")]
    pub as_loop: Option<LoopOptions>,
}

/// The options that only a `Loop` (Kestra 2.x) has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopOptions {
    /// Whether a failed iteration ends the loop, and the loop fails too.
    pub transmit_failed: bool,
    /// The outputs of each iteration, as templates over `item` and `outputs` of the iteration.
    pub outputs: Vec<FlowOutput>,
}

/// A child of a Dag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DagTask {
    /// The child.
    pub task: Task,
    /// The ids of siblings that must end first.
    pub depends_on: Vec<String>,
}

/// A call of another flow (docs/kestra.md 4.2, 2.7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subflow {
    /// The namespace of the flow, a template.
    pub namespace: String,
    /// The id of the flow, a template.
    pub flow_id: String,
    /// The revision of the flow. `None`: the latest revision.
    pub revision: Option<Json>,
    /// The inputs of the subflow. They may contain templates.
    pub inputs: Map,
    /// The labels of the subflow: a map, a list of `{key, value}`, or null. They may contain templates.
    pub labels: Json,
    /// Whether the task waits for the end of the subflow.
    pub wait: bool,
    /// Whether the task ends in the final state of the subflow. If false, the task ends SUCCESS.
    pub transmit_failed: bool,
    /// Whether the subflow gets the labels of this execution.
    pub inherit_labels: bool,
    /// A template of a date. The subflow does not start before this date. `None`: it starts at once.
    pub schedule_date: Option<String>,
    /// Deprecated. Outputs of the subflow, as templates over the subflow's context.
    pub outputs: Map,
    /// `RETRY_FAILED` or `NEW_EXECUTION`: what a restart of this execution does with the subflow.
    pub restart_behavior: Option<String>,
}

/// A subflow for each batch of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEachItem {
    /// A template of the URI of the file.
    pub items: String,
    /// The batches: `rows`, `bytes`, `partitions`, `separator`. They may contain templates.
    pub batch: Map,
    /// The flow that is called for each batch.
    pub subflow: Subflow,
}

/// A wait for a person or a date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// The longest time of the pause, as a duration or a template of one. `None`: no limit.
    pub duration: Option<String>,
    /// What happens when the time of the pause is over.
    pub behavior: PauseBehavior,
    /// The inputs that the person who resumes may fill in.
    pub on_resume: Vec<Input>,
    /// A task that runs at the begin of the pause.
    pub on_pause: Option<Task>,
    /// Deprecated. Children that run after the resume.
    pub tasks: Vec<Task>,
}

/// What happens when the time of a pause is over.
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

/// A loop that runs until a condition is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopUntil {
    /// The children of one round.
    pub tasks: Vec<Task>,
    /// The condition, a template. A truthy value ends the loop.
    pub condition: String,
    /// Whether the task fails if the loop reaches a limit.
    pub fail_on_max_reached: bool,
    /// The largest number of rounds. `None`: no limit.
    pub max_iterations: Option<Json>,
    /// The longest time of the loop. `None`: no limit.
    pub max_duration: Option<String>,
    /// The time between two rounds. `None`: one minute.
    pub interval: Option<String>,
}

/// Children that share one directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkingDirectory {
    /// The children, one after another.
    pub tasks: Vec<Task>,
    /// `inputFiles`, `outputFiles`, `namespaceFiles` and `cache`, as the flow writes them.
    pub properties: Map,
}

impl Task {
    /// Every list of direct children. The lists of `errors` and `finally` come last.
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

    /// The task with this id: this task, or a task below it.
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
