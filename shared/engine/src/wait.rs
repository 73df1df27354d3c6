//! What waits: timers, pauses, resumes (kestra-compat.md 2.5).

use crate::effect::Effect;
use crate::flowable;
use crate::frame::Phase;
use crate::state::{Action, Env, ExecutionState};
use segue_model::id::TaskRunId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::PauseBehavior;
use segue_model::{Json, Map};

impl ExecutionState {
    pub(crate) fn timer_fired(&mut self, key: &str, env: &Env) {
        let (kind, rest) = key.split_once(':').unwrap_or((key, ""));
        let id = TaskRunId::from(rest.split(':').next().unwrap_or_default());
        let current = self.run(&id).map(|run| run.task_run.current());
        match kind {
            "start" if self.execution.state.current() == State::Created => {
                self.execution.schedule_date = None;
                self.admit(env);
            }
            "retry" => {
                let attempts = self.run(&id).map_or(0, |run| run.task_run.attempts.len());
                if current == Some(State::Retrying) && rest.ends_with(&format!(":{attempts}")) {
                    self.enter(&id, State::Created, env.now);
                    self.agenda.push_back(Action::Again(id));
                }
            }
            "sla" => self.sla_is_due(rest, env),
            "replay" if self.execution.state.current() == State::Retried => {
                self.effect(Effect::CreateRetryExecution);
            }
            "round" if current == Some(State::Paused) => self.begin_round(&id, env),
            "due" => match current {
                Some(State::Paused) => self.pause_is_over(&id, env),
                Some(State::Running) => self.finish(&id, State::Success, env.now),
                _ => {}
            },
            _ => {}
        }
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
                self.log(Some(id), LogLevel::Error, "the pause has timed out".into(), env.now);
                self.force(id, State::Failed);
                self.enter(id, State::Running, env.now);
                if let Some(frame) = self.frames.get_mut(id) {
                    frame.phase = Phase::Finally;
                }
                self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
            }
            PauseBehavior::Cancel => self.stop_all(State::Cancelled, None, env.now),
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
        let first = self
            .runs
            .values()
            .map(|run| &run.task_run)
            .find(|run| run.current() == State::Paused && task_run_id.is_none_or(|id| *id == run.id))
            .map(|run| run.id.clone());
        if let Some(id) = first {
            self.resume_run(&id, inputs.clone(), env);
        }
    }

    /// A paused task run goes on.
    pub(crate) fn resume_run(&mut self, id: &TaskRunId, inputs: Map, env: &Env) {
        self.effect(Effect::ClearTimer { key: format!("due:{id}") });
        let Some(run) = self.run_mut(id) else { return };
        run.task_run.outputs.insert("onResume".into(), Json::Object(inputs));
        self.enter(id, State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }
}
