//! Stops running task runs: their attempts, their subflows, their timers (docs/kestra.md 2.5).

use crate::effect::Effect;
use crate::stage::Stage;
use crate::state::{Action, ExecutionState, Run};
use crate::timer::TimerKey;
use crate::{flowable, memo};
use jiff::Timestamp;
use segue_model::catalog::RunBy;
use segue_model::id::TaskRunId;
use segue_model::state::{State, StateHistory};
use segue_model::task_run::{Attempt, TaskRun};
use std::collections::HashSet;

impl ExecutionState {
    /// Ends open task runs in the given states. Their levels are not informed. A running attempt counts, so a restart
    /// begins with the next attempt.
    pub(crate) fn stop_runs(&mut self, runs: &[(TaskRunId, State)], cascade: bool, now: Timestamp) {
        let mut attempts = Vec::new();
        for (id, state) in runs {
            attempts.extend(self.stop_what_is_under_way(id, cascade).map(|attempt| (id.clone(), attempt)));
            self.frames.remove(id);
            if let Some(run) = self.run_mut(id)
                && run.task_run.current() != State::Retrying
            {
                push_attempt(&mut run.task_run, *state, now);
            }
            self.enter(id, *state, now);
        }
        if !attempts.is_empty() {
            self.effect(Effect::StopAttempts { attempts });
        }
    }

    /// Stops the timers and subflows of a task run. Returns the attempt that a service must stop; `None` if no attempt
    /// runs.
    fn stop_what_is_under_way(&mut self, id: &TaskRunId, cascade: bool) -> Option<u32> {
        let run = self.run(id)?;
        let attempt = self.attempt_under_way(run);
        let children = if cascade { self.subflows_of(run) } else { Vec::new() };
        let keys = timer_keys(&run.task_run);
        for execution_id in children {
            self.effect(Effect::KillExecution { execution_id });
        }
        for key in keys {
            self.clear_timer(&key);
        }
        attempt
    }

    /// Stops the flowable's own work after its timeout, in addition to its children. If files are being collected, this
    /// work continues, so that the directory is removed.
    pub(crate) fn stop_own(&mut self, id: &TaskRunId) {
        let is_collecting = self
            .run(id)
            .is_some_and(|run| memo::STAGE.get(&run.task_run.memo).unwrap_or_default() == Stage::Collect);
        if is_collecting {
            return;
        }
        if let Some(attempt) = self.stop_what_is_under_way(id, true) {
            self.effect(Effect::StopAttempts { attempts: vec![(id.clone(), attempt)] });
            if let Some(run) = self.run_mut(id) {
                memo::STAGE.set(&mut run.task_run.memo, &Stage::Children);
            }
        }
    }

    /// The attempt of a task run that a service runs, or is about to receive.
    fn attempt_under_way(&self, run: &Run) -> Option<u32> {
        let node = self.plan.node(run.node?)?;
        let is_open = matches!(run.task_run.current(), State::Created | State::Restarted | State::Running);
        match node.run_by {
            RunBy::Service(_) if is_open => Some(run.task_run.ended_attempts()),
            RunBy::Flowable if is_open && self.directory_of(run.node?).is_some() => {
                let stage = memo::STAGE.get(&run.task_run.memo).unwrap_or_default();
                (stage != Stage::Children).then(|| flowable::directory_attempt(&run.task_run.memo, stage))
            }
            RunBy::Service(_) | RunBy::Flowable | RunBy::Inline => None,
        }
    }

    /// Stops the KILLED task runs and their subflows again, because the first message may be lost.
    pub(crate) fn stop_again(&mut self) {
        let mut attempts = Vec::new();
        let mut children = Vec::new();
        for run in self.runs.values().filter(|run| run.task_run.current() == State::Killed) {
            let is_service = run
                .node
                .and_then(|node| self.plan.node(node))
                .is_some_and(|node| matches!(node.run_by, RunBy::Service(_)));
            if let Some(last) = run.task_run.ended_attempts().checked_sub(1).filter(|_| is_service) {
                attempts.push((run.task_run.id.clone(), last));
            }
            if !self.notes.spared {
                children.extend(self.subflows_of(run));
            }
        }
        if !attempts.is_empty() {
            self.effect(Effect::StopAttempts { attempts });
        }
        for execution_id in children {
            self.effect(Effect::KillExecution { execution_id });
        }
    }

    /// The open task runs below a task run.
    pub(crate) fn open_below(&self, id: &TaskRunId) -> Vec<TaskRunId> {
        self.below(id)
            .into_iter()
            .filter(|id| self.run(id).is_some_and(|run| !run.task_run.current().is_terminal()))
            .collect()
    }

    /// The task runs below a task run, parents first. All of them were created later than the task run.
    pub(crate) fn below(&self, id: &TaskRunId) -> Vec<TaskRunId> {
        let Some(position) = self.positions.get(id) else { return Vec::new() };
        let mut above = HashSet::from([id]);
        let mut below = Vec::new();
        for run in self.runs.range(position..).map(|(_, run)| &run.task_run) {
            if run.parent_task_run_id.as_ref().is_some_and(|parent| above.contains(parent)) {
                above.insert(&run.id);
                below.push(run.id.clone());
            }
        }
        below
    }

    /// Removes the pending actions of these levels.
    pub(crate) fn forget_agenda(&mut self, levels: &HashSet<TaskRunId>) {
        self.agenda.retain(|action| match action {
            Action::Start { parent: level, .. } | Action::Advance { level, .. } => {
                level.as_ref().is_none_or(|id| !levels.contains(id))
            }
            Action::Again(id) | Action::Dispatch(id) => !levels.contains(id),
            Action::End(end) => {
                end.task_run.parent_task_run_id.as_ref().is_none_or(|id| !levels.contains(id))
            }
        });
    }
}

/// Adds an attempt that ends now.
pub(crate) fn push_attempt(task_run: &mut TaskRun, state: State, now: Timestamp) {
    let mut history = StateHistory::new(State::Created, task_run.state.start_date());
    let begun = task_run.state.histories().iter().rev().find(|change| change.state == State::Running);
    if let Some(change) = begun {
        history.enter(State::Running, change.date);
    }
    history.enter(state, now);
    task_run.attempts.push(Attempt { state: history, log_file: None });
}

/// The timers that may be set for a task run.
pub(crate) fn timer_keys(task_run: &TaskRun) -> Vec<TimerKey> {
    let TaskRun { id, memo, .. } = task_run;
    [
        (memo::DUE.is_set(memo), TimerKey::Due(id.clone())),
        (memo::NEXT.is_set(memo), TimerKey::Round(id.clone())),
        (memo::UNTIL.is_set(memo), TimerKey::Timeout(id.clone())),
        (task_run.current() == State::Retrying, TimerKey::Retry(id.clone(), task_run.attempts.len())),
    ]
    .into_iter()
    .filter_map(|(is_set, key)| is_set.then_some(key))
    .collect()
}
