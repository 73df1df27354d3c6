//! Restarts failed task runs (docs/kestra.md 2.6).

use crate::env::Env;
use crate::flowable::{self, Call, Pieces};
use crate::frame::{Frame, Phase};
use crate::memo;
use crate::plan::Branch;
use crate::state::{ExecutionState, Run};
use crate::timeout::has_timed_out;
use jiff::{SignedDuration, Timestamp};
use segue_model::Json;
use segue_model::id::TaskRunId;
use segue_model::label::Label;
use segue_model::state::State;
use segue_model::task::{FlowableKind, TaskKind};
use std::collections::HashSet;

/// The label of a restarted execution.
const RESTARTED: &str = "system.restarted";

/// How a task run starts again.
enum Again {
    /// From the beginning. A task gets its next attempt. A flowable runs again without its old children.
    Begin,
    /// A flowable continues with its existing children.
    GoOn,
}

impl ExecutionState {
    /// Restarts the failed task runs.
    pub(crate) fn restart(&mut self, env: &Env) {
        let was_over = self.execution.state.current().is_terminal();
        self.revive(env.now);
        self.set_labels(vec![Label::new(RESTARTED, "true")]);
        self.go_on_after(was_over, env);
    }

    /// Continues the execution after a request changed its task runs. If the execution had ended, it needs a permit
    /// again.
    pub(crate) fn go_on_after(&mut self, was_over: bool, env: &Env) {
        self.execution.metadata.attempt_number += 1;
        self.execution.outputs = None;
        self.notes.exit = None;
        self.notes.after = false;
        self.notes.paused = false;
        self.notes.spared = false;
        self.enter_execution(State::Restarted, env.now);
        self.agenda.clear();
        self.rebuild();
        self.start_clocks(env);
        self.decision.changed = true;
        if was_over {
            self.notes.admitted = false;
            self.admit(env);
        } else {
            self.begin(env);
        }
    }

    /// Whether there is a task run from which a restart can begin.
    pub(crate) fn has_restartable(&self) -> bool {
        self.runs
            .values()
            .any(|run| run.node.is_some() && matches!(run.task_run.current(), State::Failed | State::Paused))
    }

    /// The task runs of `errors`, `finally` and `afterExecution`, and the task runs below them.
    fn aside(&self) -> HashSet<TaskRunId> {
        let mut aside = HashSet::new();
        for run in self.runs.values() {
            let is_below =
                run.task_run.parent_task_run_id.as_ref().is_some_and(|parent| aside.contains(parent));
            if is_below || self.is_aside(run) {
                aside.insert(run.task_run.id.clone());
            }
        }
        aside
    }

    /// Whether a task run belongs to `errors`, `finally` or `afterExecution`, directly or through a task run above it.
    pub(crate) fn is_in_aside(&self, id: &TaskRunId) -> bool {
        std::iter::once(id.clone())
            .chain(self.above(id))
            .any(|id| self.run(&id).is_some_and(|run| self.is_aside(run)))
    }

    fn is_aside(&self, run: &Run) -> bool {
        run.node.and_then(|node| self.plan.node(node)).is_some_and(|node| {
            node.branch != Branch::OnPause && Phase::from_branch(node.branch) != Phase::Main
        })
    }

    /// Removes the task runs of `errors` and `finally` of these levels. The task runs of the flow's own `errors` and
    /// `finally` are always removed.
    pub(crate) fn clear_aside(&mut self, levels: &HashSet<TaskRunId>) {
        let gone: Vec<TaskRunId> = self
            .runs
            .values()
            .filter(|run| self.is_aside(run))
            .filter(|run| run.task_run.parent_task_run_id.as_ref().is_none_or(|id| levels.contains(id)))
            .map(|run| run.task_run.id.clone())
            .collect();
        for id in gone {
            self.remove_below(&id);
            self.remove(&id);
        }
    }

    /// FAILED, KILLED and PAUSED task runs become RESTARTED. The flowables above them become RUNNING. The task runs of
    /// the `errors` and `finally` of these flowables are removed.
    pub(crate) fn revive(&mut self, now: Timestamp) {
        let aside = self.aside();
        let is_bad = |state| matches!(state, State::Failed | State::Killed | State::Paused);
        let mut bad = Vec::new();
        let mut levels = HashSet::new();
        // A flowable with a failed child failed because of this child. So only the child is restarted.
        let mut blamed = HashSet::new();
        for run in self.runs.values().filter(|run| is_bad(run.task_run.current())) {
            blamed.extend(run.task_run.parent_task_run_id.clone());
            if run.node.is_some() && !aside.contains(&run.task_run.id) {
                bad.push(run.task_run.id.clone());
                levels.extend(self.above(&run.task_run.id));
                levels.insert(run.task_run.id.clone());
            }
        }
        self.clear_aside(&levels);
        for id in bad {
            // A working directory is repeated as a whole.
            let whole = self.directory_above(&id).unwrap_or(id);
            let Some(run) = self.run(&whole) else { continue };
            match self.how_again(run, blamed.contains(&whole)) {
                Again::GoOn => self.enter_again(&whole, now),
                Again::Begin => {
                    self.restart_calls(&whole);
                    self.reset(&whole);
                    self.enter(&whole, State::Restarted, now);
                }
            }
            self.wake_above(&whole, now);
        }
    }

    /// The outermost working directory of a task run.
    pub(crate) fn directory_above(&self, id: &TaskRunId) -> Option<TaskRunId> {
        let mut found = None;
        let mut next = Some(id.clone());
        while let Some(run) = next.as_ref().and_then(|id| self.run(id)) {
            if run.node.is_some_and(|node| self.directory_of(node).is_some()) {
                found = Some(run.task_run.id.clone());
            }
            next = run.task_run.parent_task_run_id.clone();
        }
        found
    }

    fn how_again(&self, run: &Run, is_blamed: bool) -> Again {
        let Some(node) = run.node.and_then(|node| self.plan.node(node)) else { return Again::Begin };
        let TaskKind::Flowable(flowable) = &node.task.kind else { return Again::Begin };
        let has_children = match &flowable.kind {
            FlowableKind::Subflow(_)
            | FlowableKind::Batches(_)
            | FlowableKind::Sleep { .. }
            | FlowableKind::WorkingDirectory(_) => false,
            FlowableKind::Pause(pause) => !pause.tasks.is_empty() && is_blamed,
            _ => true,
        };
        let memo = &run.task_run.memo;
        let by_itself = run.task_run.current() == State::Failed
            && (!is_blamed || has_timed_out(memo) || memo::FORCED.stored(memo).is_some());
        if has_children && !by_itself { Again::GoOn } else { Again::Begin }
    }

    /// Sets the flowables above a task run to RUNNING.
    pub(crate) fn wake_above(&mut self, id: &TaskRunId, now: Timestamp) {
        let mut next = self.run(id).and_then(|run| run.task_run.parent_task_run_id.clone());
        while let Some(parent) = next {
            self.enter_again(&parent, now);
            next = self.run(&parent).and_then(|run| run.task_run.parent_task_run_id.clone());
        }
    }

    /// A flowable continues with its existing children.
    fn enter_again(&mut self, id: &TaskRunId, now: Timestamp) {
        self.enter(id, State::Running, now);
        if let Some(run) = self.run_mut(id) {
            let memo = &mut run.task_run.memo;
            memo::FORCED.remove(memo);
            memo::TIMED_OUT.remove(memo);
            memo::NEXT.remove(memo);
            memo::UNTIL.remove(memo);
        }
    }

    /// If a failed call of subflows starts again, the failed subflows are restarted, unless `restartBehavior` says
    /// otherwise.
    fn restart_calls(&mut self, id: &TaskRunId) {
        let Some(node) = self.run(id).and_then(|run| run.node).and_then(|node| self.planned(node)) else {
            return;
        };
        let TaskKind::Flowable(flowable) = &node.task.kind else { return };
        let Some(run) = self.run_mut(id) else { return };
        let attempts = run.task_run.attempts.len();
        let memo = &mut run.task_run.memo;
        match &flowable.kind {
            FlowableKind::Subflow(call) => {
                let last = Call::of(memo);
                let restart = last.ended.map(|(_, attempt)| attempt);
                let is_restarted = flowable::restarts_failed(call) && last.execution.is_some();
                let restart = restart.filter(|_| is_restarted);
                *memo = Call { restart, ended: None, ..last }.to_json();
            }
            FlowableKind::Batches(items) => {
                let mut pieces = Pieces::of(memo, 0);
                pieces.again(id, attempts, flowable::restarts_failed(&items.subflow));
                *memo = pieces.memo();
            }
            _ => {}
        }
    }

    /// Prepares a task run to start again, and removes the task runs below it. New children get other ids than the
    /// removed children. So a late message about a removed child does not reach a new child.
    pub(crate) fn reset(&mut self, id: &TaskRunId) {
        self.remove_below(id);
        self.frames.remove(id);
        let Some(node) = self.run(id).and_then(|run| run.node).and_then(|node| self.planned(node)) else {
            return;
        };
        let TaskKind::Flowable(flowable) = &node.task.kind else { return };
        let Some(run) = self.run_mut(id) else { return };
        let attempts = run.task_run.attempts.len();
        let memo = &mut run.task_run.memo;
        match &flowable.kind {
            FlowableKind::Subflow(_) => {}
            FlowableKind::Batches(_) => {
                let mut pieces = Pieces::of(memo, 0);
                pieces.again(id, attempts, false);
                *memo = pieces.memo();
            }
            _ => {
                let epoch = memo::EPOCH.get(memo).unwrap_or(0) + 1;
                *memo = Json::Null;
                memo::EPOCH.set(memo, &epoch);
            }
        }
    }

    /// Computes the counts of all levels from the task runs.
    pub(crate) fn rebuild(&mut self) {
        self.root = Frame::new(self.root.order.clone());
        self.frames.clear();
        let all: Vec<_> = self.runs.values().map(|run| (run.task_run.clone(), run.node)).collect();
        for (task_run, node) in all {
            self.count(&task_run, node);
        }
    }

    /// Flowables that continue after a restart have their full timeout again.
    fn start_clocks(&mut self, env: &Env) {
        let due: Vec<(TaskRunId, SignedDuration)> = self
            .frames
            .keys()
            .filter_map(|id| {
                let memo = &self.run(id)?.task_run.memo;
                let limit = memo::LIMIT.get(memo)?;
                (!memo::UNTIL.is_set(memo)).then(|| (id.clone(), limit))
            })
            .collect();
        for (id, limit) in due {
            self.start_clock(&id, limit, env);
        }
    }
}
