//! An execution in memory, with indexes that make each event cheap. Everything here follows from the stored data, so a
//! load always has the same result.

use crate::context::Shared;
use crate::effect::{Decision, Effect};
use crate::frame::{Child, Frame, Order};
use crate::inline::InlineOutcome;
use crate::order::{is_repeated, order};
use crate::outputs::Outputs;
use crate::plan::{Branch, NodeId, Plan};
use jiff::Timestamp;
use segue_model::Json;
use segue_model::execution::Execution;
use segue_model::id::TaskRunId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// A task run in memory.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) task_run: TaskRun,
    /// The task in the plan; `None` for a task run that a service reported (`dynamic`).
    pub(crate) node: Option<NodeId>,
    /// The loop values around the task run and its own value, outermost first.
    pub(crate) chain: Arc<[String]>,
}

/// The result of an inline task that has run.
#[derive(Clone, Debug)]
pub(crate) struct InlineEnd {
    pub(crate) task_run: TaskRun,
    pub(crate) node: NodeId,
    pub(crate) outcome: InlineOutcome,
    /// The error if the task failed.
    pub(crate) error: Option<String>,
    pub(crate) start: Timestamp,
}

/// An action that the machine has not carried out yet.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Creates and starts a task run.
    Start { parent: Option<TaskRunId>, child: Child },
    /// Starts the next attempt of a task run.
    Again(TaskRunId),
    /// Sends a task run to its service once more.
    Dispatch(TaskRunId),
    /// Ends a task run of an inline task. It is an action of its own, so that a step in parts can end the task run at a
    /// later time than it starts it.
    End(Box<InlineEnd>),
    /// Checks which child comes next in a level. `ended` is the iteration and position of a finished child. This
    /// iteration continues.
    Advance { level: Option<TaskRunId>, ended: Option<(u64, usize)> },
}

/// The engine's own data about an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Notes {
    /// Whether a pause was requested. Then no task run starts.
    pub(crate) paused: bool,
    /// The state in which the execution must end (`execution.Exit`, an SLA). None if it is not set.
    pub(crate) exit: Option<State>,
    /// Whether the execution has its permit, or needs no permit.
    pub(crate) admitted: bool,
    /// SLAs that are already broken.
    pub(crate) broken_slas: Vec<String>,
    /// Whether the flow's `afterExecution` tasks run.
    pub(crate) after: bool,
    /// Whether the execution was stopped without its subflows.
    pub(crate) spared: bool,
}

/// An execution in memory.
#[derive(Debug)]
pub struct ExecutionState {
    pub(crate) plan: Arc<Plan>,
    pub(crate) execution: Execution,
    pub(crate) runs: BTreeMap<u64, Run>,
    pub(crate) positions: HashMap<TaskRunId, u64>,
    next_position: u64,
    pub(crate) root: Frame,
    pub(crate) frames: HashMap<TaskRunId, Frame>,
    pub(crate) outputs: Outputs,
    pub(crate) notes: Notes,
    pub(crate) shared: Option<Arc<Shared>>,
    pub(crate) agenda: VecDeque<Action>,
    /// The task runs in the states PAUSED, BREAKPOINT and RETRYING.
    pub(crate) paused: BTreeSet<TaskRunId>,
    pub(crate) held: BTreeSet<TaskRunId>,
    pub(crate) retrying: BTreeSet<TaskRunId>,
    /// Whether messages that may have been lost before the load were already requested again.
    pub(crate) is_swept: bool,
    // The results of the current step.
    dirty: BTreeSet<u64>,
    pub(crate) decision: Decision,
}

impl ExecutionState {
    /// Loads a new or a stored execution.
    pub fn load(plan: Arc<Plan>, execution: Execution, task_runs: Vec<(u64, TaskRun)>, notes: &Json) -> Self {
        let root = Frame::new(Order::Sequence(plan.list(None, Branch::Main).to_vec()));
        let mut state = Self {
            plan,
            execution,
            runs: BTreeMap::new(),
            positions: HashMap::new(),
            next_position: 0,
            root,
            frames: HashMap::new(),
            outputs: Outputs::default(),
            notes: serde_json::from_value(notes.clone()).unwrap_or_default(),
            shared: None,
            agenda: VecDeque::new(),
            paused: BTreeSet::new(),
            held: BTreeSet::new(),
            retrying: BTreeSet::new(),
            is_swept: false,
            dirty: BTreeSet::new(),
            decision: Decision::default(),
        };
        for (position, task_run) in task_runs {
            state.next_position = position;
            state.restore(task_run);
        }
        state.dirty.clear();
        state.decision = Decision::default();
        state
    }

    fn restore(&mut self, task_run: TaskRun) {
        let node = if task_run.dynamic { None } else { self.plan.find(&task_run.task_id) };
        self.insert(task_run.clone(), node);
        self.count(&task_run, node);
    }

    /// Counts a task run in its level. If the task run is a running flowable, also opens the level of its children.
    pub(crate) fn count(&mut self, task_run: &TaskRun, node: Option<NodeId>) {
        let Some(node) = node else { return };
        let plan = self.plan.clone();
        let current = task_run.current();
        if let Some(frame) = self.frame_mut(task_run.parent_task_run_id.as_ref()) {
            frame.child_started(&plan, node, task_run.iteration);
            if current.is_terminal() {
                frame.child_ended(&plan, node, task_run.iteration, current);
            }
        }
        let has_begun = !matches!(current, State::Created | State::Restarted | State::Breakpoint);
        if has_begun
            && !current.is_terminal()
            && let Some(order) = order(&plan, node, &task_run.memo)
        {
            self.frames.insert(task_run.id.clone(), Frame::new(order));
        }
    }

    /// Adds a task run to the indexes.
    pub(crate) fn insert(&mut self, task_run: TaskRun, node: Option<NodeId>) {
        let position = self.next_position;
        self.next_position += 1;
        let chain = self.chain(&task_run);
        if node.is_some() {
            self.outputs.set_state(&task_run.task_id, &chain, task_run.current());
            if task_run.current().is_terminal() && task_run.current() != State::Skipped
                || !task_run.outputs.is_empty()
            {
                self.outputs.set(&task_run.task_id, &chain, &task_run.outputs);
            }
        }
        match task_run.current() {
            State::Paused => {
                self.paused.insert(task_run.id.clone());
            }
            State::Breakpoint => {
                self.held.insert(task_run.id.clone());
            }
            State::Retrying => {
                self.retrying.insert(task_run.id.clone());
            }
            State::Created
            | State::Queued
            | State::Running
            | State::Restarted
            | State::Retried
            | State::Success
            | State::Warning
            | State::Failed
            | State::Killing
            | State::Killed
            | State::Cancelled
            | State::Skipped => {}
        }
        self.positions.insert(task_run.id.clone(), position);
        self.dirty.insert(position);
        self.runs.insert(position, Run { task_run, node, chain });
    }

    /// Removes a task run from the indexes and the store.
    pub(crate) fn remove(&mut self, id: &TaskRunId) {
        if let Some(position) = self.positions.remove(id)
            && let Some(run) = self.runs.remove(&position)
        {
            self.dirty.remove(&position);
            self.frames.remove(id);
            self.paused.remove(id);
            self.held.remove(id);
            self.retrying.remove(id);
            self.outputs.clear(&run.task_run.task_id, &run.chain);
            self.decision.removed.push(id.clone());
        }
    }

    /// The loop values around a task run and its own value, outermost first.
    pub(crate) fn chain(&self, task_run: &TaskRun) -> Arc<[String]> {
        let parent = task_run.parent_task_run_id.as_ref().and_then(|id| self.run(id));
        let above = parent.map(|run| run.chain.clone());
        let own = task_run.value.as_ref().map(|value| match task_run.iteration {
            // Iterations of a Loop with the same value keep separate outputs.
            Some(at) if parent.is_some_and(|run| is_repeated(&run.task_run.memo, at)) => {
                format!("{value}#{at}")
            }
            _ => value.clone(),
        });
        match (above, own) {
            (Some(above), None) => above,
            (above, own) => above.iter().flat_map(|chain| chain.iter().cloned()).chain(own).collect(),
        }
    }

    /// The open task runs, in the order of their creation.
    pub(crate) fn open_runs(&self) -> Vec<TaskRunId> {
        self.runs
            .values()
            .filter(|run| !run.task_run.current().is_terminal())
            .map(|run| run.task_run.id.clone())
            .collect()
    }

    /// The task run with this id.
    pub(crate) fn run(&self, id: &TaskRunId) -> Option<&Run> {
        self.positions.get(id).and_then(|position| self.runs.get(position))
    }

    /// The task run with this id, to be changed.
    pub(crate) fn run_mut(&mut self, id: &TaskRunId) -> Option<&mut Run> {
        let position = *self.positions.get(id)?;
        self.dirty.insert(position);
        self.runs.get_mut(&position)
    }

    /// The frame of a level.
    pub(crate) fn frame_mut(&mut self, level: Option<&TaskRunId>) -> Option<&mut Frame> {
        match level {
            None => Some(&mut self.root),
            Some(id) => self.frames.get_mut(id),
        }
    }

    /// Enters a state, and updates the indexes and the execution's own state.
    pub(crate) fn enter(&mut self, id: &TaskRunId, state: State, now: Timestamp) {
        let Some(run) = self.run_mut(id) else { return };
        run.task_run.state.enter(state, now);
        let (task, chain, is_planned) = (run.task_run.task_id.clone(), run.chain.clone(), run.node.is_some());
        if is_planned {
            self.outputs.set_state(&task, &chain, state);
        }
        set_member(&mut self.paused, id, state == State::Paused);
        set_member(&mut self.held, id, state == State::Breakpoint);
        set_member(&mut self.retrying, id, state == State::Retrying);
        self.follow(now);
    }

    /// Sets the state of the execution (docs/kestra.md 2.4, 2.5). It is PAUSED while a task run is PAUSED, and else
    /// BREAKPOINT while a task run is BREAKPOINT, and else RETRYING while a task run is RETRYING, and else RUNNING.
    pub(crate) fn follow(&mut self, now: Timestamp) {
        let current = self.execution.state.current();
        if !matches!(
            current,
            State::Running | State::Paused | State::Breakpoint | State::Retrying | State::Restarted
        ) {
            return;
        }
        let next = if !self.paused.is_empty() || self.notes.paused {
            State::Paused
        } else if !self.held.is_empty() {
            State::Breakpoint
        } else if !self.retrying.is_empty() {
            State::Retrying
        } else if current == State::Restarted {
            return;
        } else {
            State::Running
        };
        self.enter_execution(next, now);
    }

    /// Sets the state of the execution.
    pub(crate) fn enter_execution(&mut self, state: State, now: Timestamp) {
        if self.execution.state.current() != state {
            self.execution.state.enter(state, now);
            self.decision.changed = true;
            self.shared = None;
        }
    }

    /// Writes a line of the log.
    pub(crate) fn log(&mut self, run: Option<&TaskRunId>, level: LogLevel, message: String, now: Timestamp) {
        let line = LogEntry::of_execution(&self.execution, level, now, message);
        let entry = match run.and_then(|id| self.run(id)) {
            Some(run) => line.of_task_run(&run.task_run),
            None => line,
        };
        self.decision.logs.push(entry);
    }

    /// Adds an effect to the decision.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }

    /// The number of task runs that the current step has changed.
    pub(crate) fn changed_task_runs(&self) -> usize {
        self.dirty.len()
    }

    /// The decision of the step. The next step starts with an empty decision.
    pub(crate) fn take_decision(&mut self) -> Decision {
        let dirty = std::mem::take(&mut self.dirty);
        let mut decision = std::mem::take(&mut self.decision);
        decision.task_runs = dirty
            .into_iter()
            .filter_map(|position| self.runs.get(&position).map(|run| (position, run.task_run.clone())))
            .collect();
        decision.changed |=
            !(decision.task_runs.is_empty() && decision.removed.is_empty() && decision.logs.is_empty());
        decision
    }

    /// The task runs with their positions. This consumes the state.
    pub(crate) fn into_task_runs(self) -> Vec<(u64, TaskRun)> {
        self.runs.into_iter().map(|(position, run)| (position, run.task_run)).collect()
    }

    /// The execution.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The plan of the flow that the execution runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The task runs, in the order of their creation.
    pub fn task_runs(&self) -> impl Iterator<Item = &TaskRun> {
        self.runs.values().map(|run| &run.task_run)
    }

    /// The engine's own data about the execution, to be stored.
    pub fn notes(&self) -> Json {
        serde_json::to_value(&self.notes).unwrap_or_default()
    }
}

fn set_member(set: &mut BTreeSet<TaskRunId>, id: &TaskRunId, is_in: bool) {
    if is_in {
        set.insert(id.clone());
    } else {
        set.remove(id);
    }
}
