//! The flowables: how each is opened, the order of its children, and what happens when they are done.
//!
//! How to add one more: a variant of `FlowableKind`, an arm in [`open`] (what is evaluated once, at the
//! start) and one in [`order`] (the order of the children).

mod batches;
mod branch;
mod each;
mod pieces;
mod subflow;
mod until;
mod wait;
mod working_directory;

pub(crate) use batches::{MERGE, parts, properties_of_merge};
pub(crate) use each::is_repeated;
pub(crate) use pieces::Pieces;
pub(crate) use subflow::{Call, ended as subflow_ended, restarts_failed};
pub(crate) use until::{Round, next_round};
pub(crate) use wait::pause_due;
pub(crate) use working_directory::{attempt as directory_attempt, dispatch as directory_dispatch, sets_up};

use crate::effect::SubflowRequest;
use crate::frame::Order;
use crate::plan::{Branch, NodeId, Plan};
use crate::state::{Env, ExecutionState};
use jiff::Timestamp;
use segue_model::state::State;
use segue_model::task::{FlowableKind, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{RenderError, Scope};

/// The result of opening a flowable.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) outputs: Map,
    pub(crate) memo: Json,
    pub(crate) state: State,
    /// When the engine checks the flowable again. None: no timer.
    pub(crate) timer: Option<Timestamp>,
    pub(crate) subflows: Vec<SubflowRequest>,
    /// A log line at WARN.
    pub(crate) warning: Option<String>,
}

impl Opened {
    fn running() -> Self {
        Self {
            outputs: Map::new(),
            memo: Json::Null,
            state: State::Running,
            timer: None,
            subflows: Vec::new(),
            warning: None,
        }
    }
}

/// Why a flowable could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Pending,
    Failed(String),
}

impl From<RenderError> for OpenError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Pending => Self::Pending,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Evaluates what a flowable evaluates once, at its start.
pub(crate) fn open(
    state: &ExecutionState,
    node: NodeId,
    task_run: &TaskRun,
    scope: &Scope,
    env: &Env,
) -> Result<Opened, OpenError> {
    let Some(TaskKind::Flowable(flowable)) = state.plan.node(node).map(|node| &node.task.kind) else {
        return Ok(Opened::running());
    };
    match &flowable.kind {
        FlowableKind::If { condition, .. } => branch::open_if(condition, scope, env),
        FlowableKind::Switch { value, cases, .. } => branch::open_switch(value, cases, scope, env),
        FlowableKind::ForEach(each) => each::open(each, scope, env),
        FlowableKind::Subflow(call) => subflow::open(state, call, task_run, scope, env),
        FlowableKind::Pause(pause) => wait::open_pause(state, node, pause, scope, env),
        FlowableKind::Sleep { duration } => wait::open_sleep(duration, scope, env),
        FlowableKind::LoopUntil(_) => Ok(until::open(env)),
        FlowableKind::Sequential { .. }
        | FlowableKind::Parallel { .. }
        | FlowableKind::AllowFailure { .. }
        | FlowableKind::Dag { .. }
        | FlowableKind::WorkingDirectory(_)
        | FlowableKind::ForEachItem(_) => Ok(Opened::running()),
        FlowableKind::Batches(items) => batches::open(state, items, task_run, scope, env),
    }
}

/// Whether a task calls one other flow.
pub(crate) fn is_subflow(plan: &Plan, node: NodeId) -> bool {
    plan.node(node).is_some_and(|node| {
        matches!(&node.task.kind, TaskKind::Flowable(flowable)
        if matches!(flowable.kind, FlowableKind::Subflow(_)))
    })
}

/// The order of a task's children. None for a task without children.
pub(crate) fn order(plan: &Plan, node: NodeId, memo: &Json) -> Option<Order> {
    let TaskKind::Flowable(flowable) = &plan.node(node)?.task.kind else { return None };
    let list = |branch| plan.list(Some(node), branch).to_vec();
    Some(match &flowable.kind {
        FlowableKind::Sequential { .. }
        | FlowableKind::AllowFailure { .. }
        | FlowableKind::LoopUntil(_)
        | FlowableKind::WorkingDirectory(_)
        | FlowableKind::ForEachItem(_)
        | FlowableKind::Pause(_) => Order::Sequence(list(Branch::Main)),
        FlowableKind::Parallel { concurrent, .. } => {
            Order::Parallel { list: list(Branch::Main), limit: *concurrent as usize }
        }
        FlowableKind::If { .. } | FlowableKind::Switch { .. } => {
            Order::Sequence(branch::chosen(memo).map(list).unwrap_or_default())
        }
        FlowableKind::ForEach(each) => each::order(each, list(Branch::Main), memo),
        FlowableKind::Dag { tasks, concurrent } => {
            let nodes = list(Branch::Main);
            let id_of = |node: NodeId| plan.node(node).map(|node| node.task.id.as_str());
            let needs = |node: NodeId| {
                let wanted = tasks.iter().find(|task| Some(task.task.id.as_str()) == id_of(node));
                let names = wanted.map(|task| task.depends_on.as_slice()).unwrap_or_default();
                nodes
                    .iter()
                    .copied()
                    .filter(|other| id_of(*other).is_some_and(|id| names.iter().any(|name| name == id)))
                    .collect()
            };
            Order::Dag {
                nodes: nodes.iter().map(|node| (*node, needs(*node))).collect(),
                limit: *concurrent as usize,
            }
        }
        FlowableKind::Subflow(_) | FlowableKind::Batches(_) | FlowableKind::Sleep { .. } => return None,
    })
}
