//! Timers, pauses and resumes (docs/kestra.md 2.5).

use crate::attempt::Ended;
use crate::effect::Effect;
use crate::env::Env;
use crate::flowable;
use crate::frame::Phase;
use crate::kind::is_kind;
use crate::plan::Branch;
use crate::state::{Action, ExecutionState, Run};
use crate::timer::TimerKey;
use segue_model::id::TaskRunId;
use segue_model::input::Input;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, PauseBehavior, TaskKind};
use segue_model::{Json, Map};

impl ExecutionState {
    pub(crate) fn timer_fired(&mut self, key: &str, env: &Env) {
        let current = |id: &TaskRunId| self.run(id).map(|run| run.task_run.current());
        match TimerKey::parse(key) {
            Some(TimerKey::Start) if self.execution.state.current() == State::Created => {
                self.execution.schedule_date = None;
                self.admit(env);
            }
            Some(TimerKey::Replay) if self.execution.state.current() == State::Retried => {
                self.effect(Effect::CreateRetryExecution);
            }
            Some(TimerKey::Sla(id)) => self.sla_is_due(&id, env),
            Some(TimerKey::Retry(id, after)) => {
                let attempts = self.run(&id).map_or(0, |run| run.task_run.attempts.len());
                if current(&id) == Some(State::Retrying) && after == attempts {
                    self.enter(&id, State::Created, env.now);
                    self.agenda.push_back(Action::Again(id));
                }
            }
            Some(TimerKey::Round(id)) if current(&id) == Some(State::Paused) => self.begin_round(&id, env),
            Some(TimerKey::Due(id)) => match current(&id) {
                Some(State::Paused) => self.pause_is_over(&id, env),
                Some(State::Running) => self.sleep_is_over(&id, env),
                _ => {}
            },
            Some(TimerKey::Timeout(id)) => self.time_is_over(&id, env),
            Some(TimerKey::Start | TimerKey::Replay | TimerKey::Round(_)) | None => {}
        }
    }

    /// Ends a Sleep. It has an attempt, because Kestra runs a Sleep as a runnable task.
    fn sleep_is_over(&mut self, id: &TaskRunId, env: &Env) {
        let Some(run) = self.run(id) else { return };
        let (start, outputs) = (run.task_run.state.start_date(), run.task_run.outputs.clone());
        let ended = Ended { state: State::Success, outputs, error: None, start, end: env.now };
        self.end_attempt(id, ended, env);
    }

    pub(crate) fn pause_is_over(&mut self, id: &TaskRunId, env: &Env) {
        let Some(run) = self.run(id) else { return };
        match flowable::pause_due(&run.task_run.memo) {
            PauseBehavior::Resume => self.resume_run(id, Map::new(), env),
            PauseBehavior::Warn => {
                self.force(id, State::Warning);
                self.resume_run(id, Map::new(), env);
            }
            PauseBehavior::Fail => {
                let start = run.task_run.state.start_date();
                let outputs = run.task_run.outputs.clone();
                let node = run.node;
                let error = "the pause has timed out".to_owned();
                let is_alone = [Branch::Finally, Branch::OnPause]
                    .iter()
                    .all(|branch| self.plan.list(node, *branch).is_empty());
                if is_alone {
                    // A pause that fails does not run again before, as in Kestra.
                    self.frames.remove(id);
                    let error = Some(error);
                    let ended = Ended { state: State::Failed, outputs, error, start, end: env.now };
                    return self.end_attempt(id, ended, env);
                }
                self.log(Some(id), LogLevel::Error, error, env.now);
                self.force(id, State::Failed);
                self.enter(id, State::Running, env.now);
                if let Some(frame) = self.frames.get_mut(id) {
                    frame.phase = Phase::Finally;
                }
                self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
            }
            PauseBehavior::Cancel => self.stop_all(State::Cancelled, None, true, env.now),
        }
    }

    pub(crate) fn resume(&mut self, inputs: &Map, task_run_id: Option<&TaskRunId>, env: &Env) {
        if self.notes.paused {
            self.notes.paused = false;
            self.decision.changed = true;
            self.enter_execution(State::Restarted, env.now);
            self.enter_execution(State::Running, env.now);
            self.sweep(env);
            self.follow(env.now);
        }
        let Some(id) = task_run_id.cloned().or_else(|| self.first_paused()) else { return };
        if !self.paused.contains(&id) {
            return;
        }
        if self.paused.len() == 1 {
            self.enter_execution(State::Restarted, env.now);
            self.enter_execution(State::Running, env.now);
        }
        if self.run(&id).is_some_and(|run| self.is_pause(run)) {
            self.resume_run(&id, inputs.clone(), env);
        } else {
            // The loop no longer waits for its next round.
            self.clear_timer(&TimerKey::Round(id.clone()));
            self.begin_round(&id, env);
        }
    }

    /// The paused task run that a resume without a name continues: the first Pause, or else the first loop
    /// that waits for its next round.
    pub fn first_paused(&self) -> Option<TaskRunId> {
        let mut paused: Vec<_> = self
            .paused
            .iter()
            .filter_map(|id| {
                let position = self.positions.get(id)?;
                let run = self.runs.get(position)?;
                Some((!self.is_pause(run), position, id))
            })
            .collect();
        paused.sort();
        paused.first().map(|(_, _, id)| (*id).clone())
    }

    fn is_pause(&self, run: &Run) -> bool {
        run.node
            .and_then(|node| self.plan.node(node))
            .is_some_and(|node| is_kind(&node.task, |kind| matches!(kind, FlowableKind::Pause(_))))
    }

    /// The inputs that a person can submit when resuming a paused task run (`onResume`).
    pub fn resume_inputs(&self, id: &TaskRunId) -> Vec<Input> {
        let node = self.run(id).and_then(|run| run.node).and_then(|node| self.plan.node(node));
        match node.map(|node| &node.task.kind) {
            Some(TaskKind::Flowable(flowable)) => match &flowable.kind {
                FlowableKind::Pause(pause) => pause.on_resume.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Continues a paused task run.
    pub(crate) fn resume_run(&mut self, id: &TaskRunId, inputs: Map, env: &Env) {
        self.clear_timer(&TimerKey::Due(id.clone()));
        let Some(run) = self.run_mut(id) else { return };
        run.task_run.outputs.insert("onResume".into(), Json::Object(inputs));
        self.enter(id, State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }
}
