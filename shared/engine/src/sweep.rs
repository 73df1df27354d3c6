//! Repeats requests that may be lost together with a message or a process.

use crate::env::Env;
use crate::memo;
use crate::plan::NodeId;
use crate::stage::Stage;
use crate::state::{Action, ExecutionState};
use crate::timer::TimerKey;
use segue_model::catalog::RunBy;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task::{FlowableKind, TaskKind};
use std::collections::{HashMap, HashSet};

impl ExecutionState {
    /// Checks everything that a lost message could stop: open levels, dispatched task runs, timers, subflows.
    pub(crate) fn sweep(&mut self, env: &Env) {
        let is_first = !std::mem::replace(&mut self.is_swept, true);
        if self.execution.state.current().is_terminal() {
            // The last step, or its effects, may be lost.
            if is_first {
                self.tell_end();
                self.stop_again();
            }
            if self.is_over() {
                return;
            }
        }
        if !self.notes.admitted {
            self.admit(env);
            return;
        }
        self.agenda.clear();
        let open = self.open_runs();
        for id in &open {
            self.sweep_run(id, env);
        }
        let levels: Vec<TaskRunId> = open.into_iter().filter(|id| self.frames.contains_key(id)).collect();
        let mut stalled = self.stalled();
        for level in levels {
            let ended = stalled.remove(&level).unwrap_or_default();
            if ended.is_empty() {
                self.agenda.push_back(Action::Advance { level: Some(level), ended: None });
            } else {
                let advance = |ended| Action::Advance { level: Some(level.clone()), ended: Some(ended) };
                self.agenda.extend(ended.into_iter().map(advance));
            }
        }
        self.agenda.push_back(Action::Advance { level: None, ended: None });
    }

    /// Checks again after a duplicate message. The process that applied the first message may have died before it
    /// carried out the effects. If this process applied the first message itself, no check is needed.
    pub(crate) fn look_again(&mut self, env: &Env) {
        if !self.is_swept {
            self.sweep(env);
        }
    }

    /// The iterations with a finished child and a next child that has not started, by level.
    fn stalled(&self) -> HashMap<TaskRunId, Vec<(u64, usize)>> {
        let mut ended: HashMap<&TaskRunId, HashSet<(u64, NodeId)>> = HashMap::new();
        for run in self.runs.values().filter(|run| run.task_run.current().is_terminal()) {
            if let (Some(level), Some(iteration), Some(node)) =
                (&run.task_run.parent_task_run_id, run.task_run.iteration, run.node)
                && self.frames.contains_key(level)
            {
                ended.entry(level).or_default().insert((iteration, node));
            }
        }
        ended
            .into_iter()
            .filter_map(|(level, ended)| {
                let frame = self.frames.get(level)?;
                Some((level.clone(), frame.stalled(|iteration, node| ended.contains(&(iteration, node)))))
            })
            .collect()
    }

    pub(crate) fn sweep_run(&mut self, id: &TaskRunId, env: &Env) {
        let Some((task_run, Some(node))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return;
        };
        let memo = &task_run.memo;
        let attempts = task_run.attempts.len();
        if let (State::Running | State::Paused, Some(due)) = (task_run.current(), memo::UNTIL.get(memo)) {
            self.set_timer(&TimerKey::Timeout(id.clone()), due);
        }
        match task_run.current() {
            State::Retrying => {
                if let Some(due) = memo::RETRY.get(memo) {
                    self.set_timer(&TimerKey::Retry(id.clone(), attempts), due);
                }
            }
            State::Paused => {
                if let Some(due) = memo::NEXT.get(memo) {
                    self.set_timer(&TimerKey::Round(id.clone()), due);
                } else if let Some(due) = memo::DUE.get(memo) {
                    self.set_timer(&TimerKey::Due(id.clone()), due);
                }
            }
            State::Created | State::Restarted | State::Running => {
                let Some(planned) = self.plan.node(node).cloned() else { return };
                match planned.run_by {
                    RunBy::Service(_) => {
                        if self.dispatch_again(id, env).is_err() {
                            self.agenda.push_back(Action::Dispatch(id.clone()));
                        }
                    }
                    RunBy::Inline => self.agenda.push_back(Action::Again(id.clone())),
                    RunBy::Flowable if task_run.current() != State::Running => {
                        self.agenda.push_back(Action::Again(id.clone()));
                    }
                    RunBy::Flowable => {
                        if let Some(due) = memo::DUE.get(memo) {
                            self.set_timer(&TimerKey::Due(id.clone()), due);
                        }
                        let stage = memo::STAGE.get(memo).unwrap_or_default();
                        if let Some(directory) = self.directory_of(node)
                            && stage != Stage::Children
                        {
                            self.dispatch_directory(id, node, &directory, stage, env);
                        }
                        if matches!(&planned.task.kind, TaskKind::Flowable(flowable)
                            if matches!(flowable.kind, FlowableKind::Subflow(_) | FlowableKind::Batches(_)))
                        {
                            self.agenda.push_back(Action::Again(id.clone()));
                        }
                    }
                }
            }
            State::Queued
            | State::Breakpoint
            | State::Retried
            | State::Success
            | State::Warning
            | State::Failed
            | State::Killing
            | State::Killed
            | State::Cancelled
            | State::Skipped => {}
        }
    }
}
