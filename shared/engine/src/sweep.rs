//! Looks again at everything that may have been lost with a message or a process.

use crate::effect::Effect;
use crate::flowable::Stage;
use crate::frame::Phase;
use crate::state::{Action, Env, ExecutionState};
use jiff::Timestamp;
use segue_model::catalog::RunBy;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task::{FlowableKind, TaskKind};
use std::collections::HashSet;

impl ExecutionState {
    /// Looks at everything that may have been lost: open levels, task runs on their way, timers, subflows.
    pub(crate) fn sweep(&mut self, env: &Env) {
        if self.execution.state.current().is_terminal() && self.root.phase != Phase::After {
            return;
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
        let levels: Vec<Option<TaskRunId>> =
            open.into_iter().filter(|id| self.frames.contains_key(id)).map(Some).chain([None]).collect();
        for level in levels {
            let stalled = self.stalled(level.as_ref());
            if stalled.is_empty() {
                self.agenda.push_back(Action::Advance { level: level.clone(), ended: None });
            }
            for ended in stalled {
                self.agenda.push_back(Action::Advance { level: level.clone(), ended: Some(ended) });
            }
        }
    }

    /// Iterations of a level whose child has ended and whose next has not started.
    pub(crate) fn stalled(&mut self, level: Option<&TaskRunId>) -> Vec<(u64, usize)> {
        let Some(level) = level else { return Vec::new() };
        let ended: HashSet<(u64, crate::plan::NodeId)> = self
            .runs
            .values()
            .filter(|run| {
                run.task_run.parent_task_run_id.as_ref() == Some(level)
                    && run.task_run.current().is_terminal()
            })
            .filter_map(|run| Some((run.task_run.iteration?, run.node?)))
            .collect();
        self.frames
            .get(level)
            .map(|frame| frame.stalled(|iteration, node| ended.contains(&(iteration, node))))
            .unwrap_or_default()
    }

    pub(crate) fn sweep_run(&mut self, id: &TaskRunId, env: &Env) {
        let Some((task_run, Some(node))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return;
        };
        let date = |key: &str| -> Option<Timestamp> {
            task_run.memo.get(key).and_then(|date| serde_json::from_value(date.clone()).ok())
        };
        let attempts = task_run.attempts.len();
        match task_run.current() {
            State::Retrying => {
                if let Some(due) = date("retry") {
                    self.effect(Effect::SetTimer { key: format!("retry:{id}:{attempts}"), due });
                }
            }
            State::Paused => {
                if let Some(due) = date("next") {
                    self.effect(Effect::SetTimer { key: format!("round:{id}"), due });
                } else if let Some(due) = date("due") {
                    self.effect(Effect::SetTimer { key: format!("due:{id}"), due });
                }
            }
            State::Created | State::Running => {
                let Some(planned) = self.plan.node(node).cloned() else { return };
                match planned.run_by {
                    RunBy::Service(_) => self.dispatch(id, env),
                    RunBy::Inline => self.agenda.push_back(Action::Again(id.clone())),
                    RunBy::Flowable => {
                        if let Some(due) = date("due") {
                            self.effect(Effect::SetTimer { key: format!("due:{id}"), due });
                        }
                        let stage = Stage::of(&task_run.memo);
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
    }
}
