//! The flowables: how each is opened, and what it does after its children.
//!
//! How to add one more: add a variant of `FlowableKind`. Add an arm in [`open`] for the values that are evaluated once
//! at the start. Add an arm in [`order`](crate::order::order()) for the order of the children.

mod batches;
mod branch;
mod each;
mod opened;
mod pieces;
mod subflow;
mod until;
mod wait;
mod working_directory;

pub(crate) use batches::properties_of_merge;
pub(crate) use opened::OpenError;
pub(crate) use pieces::Pieces;
pub(crate) use subflow::{Call, ended as subflow_ended, restarts_failed};
pub(crate) use until::{Round, next_round};
pub(crate) use wait::pause_due;
pub(crate) use working_directory::{attempt as directory_attempt, dispatch as directory_dispatch, sets_up};

use crate::env::Env;
use crate::plan::{NodeId, Plan};
use crate::state::ExecutionState;
use opened::Opened;
use segue_model::task::{FlowableKind, TaskKind};
use segue_model::task_run::TaskRun;
use segue_template::Scope;

/// Evaluates the properties that a flowable evaluates once at its start.
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

/// Whether a task is a Subflow.
pub(crate) fn is_subflow(plan: &Plan, node: NodeId) -> bool {
    plan.node(node).is_some_and(|node| {
        matches!(&node.task.kind, TaskKind::Flowable(flowable)
        if matches!(flowable.kind, FlowableKind::Subflow(_)))
    })
}
