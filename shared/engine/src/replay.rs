//! Makes new executions from others: a replay from a task run, and a restart with another revision of the flow
//! (docs/kestra.md 2.6). These functions are pure. They return the copy, and the caller stores it as a whole.

use crate::flowable::{self, Pieces};
use crate::frame::{Order, Phase};
use crate::memo;
use crate::order::order;
use crate::plan::{NodeId, Plan};
use crate::refusal::Refusal;
use crate::state::{ExecutionState, Notes, Run};
use jiff::Timestamp;
use segue_model::Json;
use segue_model::execution::{Execution, ExecutionMetadata};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::{Label, set_label};
use segue_model::state::{State, StateHistory};
use segue_model::task::{FlowableKind, TaskKind};
use segue_model::task_run::TaskRun;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// An execution to store, with its first task runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// The execution.
    pub execution: Execution,
    /// Its task runs, each with its position in the order of creation.
    pub task_runs: Vec<(u64, TaskRun)>,
    /// The engine's own state of the execution.
    pub notes: Json,
}

/// Runs the whole flow again, as a new execution of the flow in `plan`. Inputs, labels and trigger are the same.
pub fn replay(old: &Execution, plan: &Plan, id: ExecutionId, now: Timestamp) -> Copy {
    let mut execution = follow(old, plan, id, State::Created, now);
    execution.variables = plan.flow.variables.clone();
    execution.metadata = ExecutionMetadata { attempt_number: 1, original_created_date: now };
    set_label(&mut execution.labels, Label::new("system.replay", "true"));
    Copy { execution, task_runs: Vec::new(), notes: notes() }
}

/// Runs the flow again from one task run, as a new execution. The task run becomes RESTARTED. The flowables above it
/// become RUNNING. Later task runs are left out. Earlier task runs keep their outputs.
///
/// # Errors
/// [`Refusal`] if there is no such task run, or the flow in `plan` has no such task at this position.
pub fn replay_from(
    old: &ExecutionState,
    plan: &Arc<Plan>,
    id: ExecutionId,
    from: &TaskRunId,
    now: Timestamp,
) -> Result<Copy, Refusal> {
    let run = old.run(from).ok_or_else(|| {
        Refusal::NotFound(format!("execution {} has no task run {from}", old.execution().id))
    })?;
    let task = run.task_run.task_id.clone();
    let mut copied = Copied::new(old, plan, id.clone());
    let from = copied.ids.remove(from).ok_or_else(|| {
        Refusal::Invalid(format!(
            "a replay cannot begin at the task run of '{task}': revision {} of the flow has no task '{task}' \
             at this position",
            plan.flow.revision
        ))
    })?;
    let mut execution = follow(old.execution(), plan, id, State::Created, now);
    execution.state.enter(State::Restarted, now);
    execution.metadata = ExecutionMetadata { attempt_number: 1, original_created_date: now };
    set_label(&mut execution.labels, Label::new("system.replay", "true"));
    let mut new = ExecutionState::load(plan.clone(), execution, copied.task_runs, &notes());
    new.cut(&from, now);
    Ok(new.into_copy())
}

/// Runs the failed task runs again, as a new execution of the flow in `plan` (a restart with a revision).
///
/// # Errors
/// [`Refusal`], as for a restart.
pub fn restart_as_new(
    old: &ExecutionState,
    plan: &Arc<Plan>,
    id: ExecutionId,
    now: Timestamp,
) -> Result<Copy, Refusal> {
    let attempt = old.execution().metadata.attempt_number;
    if let Some(refusal) = old.refuses(&segue_model::event::Event::RestartRequested { attempt }) {
        return Err(refusal);
    }
    let copied = Copied::new(old, plan, id.clone());
    let mut execution = follow(old.execution(), plan, id, State::Created, now);
    execution.state.enter(State::Restarted, now);
    execution.metadata.attempt_number = attempt + 1;
    set_label(&mut execution.labels, Label::new("system.restarted", "true"));
    let mut new = ExecutionState::load(plan.clone(), execution, copied.task_runs, &notes());
    new.revive(now);
    Ok(new.into_copy())
}

fn notes() -> Json {
    serde_json::to_value(Notes::default()).unwrap_or_default()
}

/// A copy of an execution without task runs. No parent waits for its end.
fn follow(old: &Execution, plan: &Plan, id: ExecutionId, state: State, now: Timestamp) -> Execution {
    let mut execution = Execution {
        id,
        parent_id: Some(old.id.clone()),
        flow_revision: plan.flow.revision,
        outputs: None,
        state: StateHistory::new(state, now),
        schedule_date: None,
        ..old.clone()
    };
    if let Some(trigger) = &mut execution.trigger {
        trigger.parent = None;
    }
    execution
}

/// The task runs of an execution, under the ids of another execution.
struct Copied {
    task_runs: Vec<(u64, TaskRun)>,
    /// The new ids by old ids. Task runs without a position in the plan are left out.
    ids: HashMap<TaskRunId, TaskRunId>,
}

impl Copied {
    fn new(old: &ExecutionState, plan: &Plan, execution: ExecutionId) -> Self {
        let mut copied = Self { task_runs: Vec::new(), ids: HashMap::new() };
        for (position, run) in &old.runs {
            if let Some(task_run) = copied.copy(old, run, plan, &execution) {
                copied.ids.insert(run.task_run.id.clone(), task_run.id.clone());
                copied.task_runs.push((*position, task_run));
            }
        }
        copied
    }

    fn copy(&self, old: &ExecutionState, run: &Run, plan: &Plan, execution: &ExecutionId) -> Option<TaskRun> {
        let mut task_run = run.task_run.clone();
        let parent = match &task_run.parent_task_run_id {
            None => None,
            Some(parent) => Some(self.ids.get(parent)?.clone()),
        };
        if run.node.is_some() && !is_same_place(old, run, plan) {
            return None;
        }
        // The old id is a part of the new id. It depends on the position, including the epoch of the level.
        task_run.id = TaskRunId::derive(
            execution,
            parent.as_ref(),
            task_run.id.as_str(),
            task_run.value.as_deref(),
            task_run.iteration,
        );
        task_run.parent_task_run_id = parent;
        if let Some(node) = run.node.and_then(|node| old.plan().node(node))
            && let TaskKind::Flowable(flowable) = &node.task.kind
            && matches!(flowable.kind, FlowableKind::Batches(_))
        {
            let mut pieces = Pieces::of(&task_run.memo, 0);
            pieces.pin(&run.task_run.id);
            task_run.memo = pieces.memo();
        }
        Some(task_run)
    }
}

/// Whether the flow still has the task of a task run in the same flowable and list.
fn is_same_place(old: &ExecutionState, run: &Run, plan: &Plan) -> bool {
    let position = |plan: &Plan, node: NodeId| {
        let node = plan.node(node)?;
        let parent = node.parent.and_then(|parent| plan.node(parent)).map(|node| node.task.id.clone());
        Some((parent, node.branch, node.task.type_name.clone()))
    };
    let new = plan.find(&run.task_run.task_id).and_then(|node| position(plan, node));
    new.is_some() && new == run.node.and_then(|node| position(old.plan(), node))
}

impl ExecutionState {
    fn into_copy(self) -> Copy {
        Copy { execution: self.execution().clone(), notes: self.notes(), task_runs: self.into_task_runs() }
    }

    /// Removes the results of a task run, and prepares it to run again.
    fn cut(&mut self, from: &TaskRunId, now: Timestamp) {
        // A working directory is repeated as a whole.
        let from = self.directory_above(from).unwrap_or_else(|| from.clone());
        let mut next = Some(from.clone());
        while let Some(id) = next {
            for later in self.later_siblings(&id) {
                self.remove_below(&later);
                self.remove(&later);
            }
            next = self.run(&id).and_then(|run| run.task_run.parent_task_run_id.clone());
        }
        if let Some(run) = self.run_mut(&from) {
            run.task_run.outputs.clear();
            // A subflow call starts again. A flowable continues to count its epochs.
            let last = std::mem::take(&mut run.task_run.memo);
            memo::EPOCH.copy(&last, &mut run.task_run.memo);
        }
        self.reset(&from);
        self.enter(&from, State::Restarted, now);
        self.wake_above(&from, now);
        self.settle_open(&from, now);
    }

    /// Siblings that come after a task run in the order of their level.
    fn later_siblings(&self, id: &TaskRunId) -> Vec<TaskRunId> {
        let Some((run, Some(node))) = self.run(id).map(|run| (run, run.node)) else { return Vec::new() };
        let Some(planned) = self.plan().node(node) else { return Vec::new() };
        let level = run.task_run.parent_task_run_id.as_ref();
        let order = self.order_of(level);
        let phase = Phase::from_branch(planned.branch);
        let dependants = dependants(&order, node);
        let comes_later = |other: &Run| {
            let Some(node) = other.node else { return false };
            let Some(later) = self.plan().node(node) else { return false };
            let other_phase = Phase::from_branch(later.branch);
            if other_phase != phase {
                return other_phase > phase;
            }
            if phase != Phase::Main {
                let is_together = matches!(order, Order::Parallel { .. } | Order::Dag { .. });
                return later.position > planned.position && !(phase == Phase::Errors && is_together);
            }
            match &order {
                Order::Sequence(_) => later.position > planned.position,
                Order::Parallel { .. } | Order::EachParallel { .. } => false,
                Order::Dag { .. } => dependants.contains(&node),
                Order::Each { limit, .. } => {
                    let (mine, its) = (run.task_run.iteration, other.task_run.iteration);
                    if mine == its { later.position > planned.position } else { *limit == 1 && its > mine }
                }
            }
        };
        self.runs
            .values()
            .filter(|other| other.task_run.parent_task_run_id.as_ref() == level && other.task_run.id != *id)
            .filter(|other| comes_later(other))
            .map(|other| other.task_run.id.clone())
            .collect()
    }

    fn order_of(&self, level: Option<&TaskRunId>) -> Order {
        level
            .and_then(|id| self.run(id))
            .and_then(|run| order(self.plan(), run.node?, &run.task_run.memo))
            .unwrap_or_else(|| self.root.order.clone())
    }

    /// Task runs that were running at the time of the replay start again, because no worker runs them for
    /// this execution.
    fn settle_open(&mut self, from: &TaskRunId, now: Timestamp) {
        let above = self.above(from);
        let open: Vec<TaskRunId> =
            self.open_runs().into_iter().filter(|id| id != from && !above.contains(id)).collect();
        for id in open {
            let Some(run) = self.run(&id) else { continue };
            let has_children = self.frames.contains_key(&id)
                && run.node.is_none_or(|node| self.directory_of(node).is_none());
            if has_children || run.task_run.current() == State::Retrying {
                continue;
            }
            if run.node.is_some_and(|node| flowable::is_subflow(self.plan(), node))
                && let Some(run) = self.run_mut(&id)
            {
                run.task_run.memo = Json::Null;
            }
            self.reset(&id);
            self.enter(&id, State::Restarted, now);
        }
    }
}

/// The tasks of a Dag that depend on a task, directly or indirectly.
fn dependants(order: &Order, node: NodeId) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    if let Order::Dag { nodes, .. } = order {
        let mut before = BTreeSet::from([node]);
        while !before.is_empty() {
            let next: BTreeSet<NodeId> = nodes
                .iter()
                .filter(|(other, needs)| {
                    !found.contains(other) && needs.iter().any(|need| before.contains(need))
                })
                .map(|(other, _)| *other)
                .collect();
            found.extend(next.iter().copied());
            before = next;
        }
    }
    found
}
