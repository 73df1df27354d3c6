//! Decides when an execution starts: immediately, at a date, or when it gets a permit (docs/kestra.md 1.5, 2.1).

use crate::effect::Effect;
use crate::env::Env;
use crate::state::{Action, ExecutionState};
use crate::timer::TimerKey;
use segue_model::Map;
use segue_model::flow::ConcurrencyBehavior;
use segue_model::log::LogLevel;
use segue_model::state::State;

impl ExecutionState {
    /// Starts a new or restarted execution now, or lets it wait for a date or a permit.
    pub(crate) fn admit(&mut self, env: &Env) {
        if let Some(date) = self.execution.schedule_date.filter(|date| *date > env.now) {
            self.set_timer(&TimerKey::Start, date);
            self.decision.changed = true;
        } else if self.plan.flow.concurrency.is_some() && !self.notes.admitted {
            self.effect(Effect::TakePermit);
        } else {
            self.begin(env);
        }
    }

    /// Starts the execution: its tasks run from now on.
    pub(crate) fn begin(&mut self, env: &Env) {
        self.notes.admitted = true;
        let is_new = self.runs.is_empty();
        // The duration of an SLA counts from the creation of the execution. It no longer applies after the execution
        // has ended.
        if is_new {
            self.set_sla_timers();
        }
        self.enter_execution(State::Running, env.now);
        if is_new {
            self.is_swept = true;
            self.agenda.push_back(Action::Advance { level: None, ended: None });
        } else {
            self.sweep(env);
            self.follow(env.now);
        }
    }

    /// Whether the execution waits for a permit or a date.
    pub(crate) fn is_waiting_to_begin(&self) -> bool {
        !self.notes.admitted
            && matches!(self.execution.state.current(), State::Created | State::Queued | State::Restarted)
    }

    pub(crate) fn permit_refused(&mut self, env: &Env) {
        let current = self.execution.state.current();
        if !self.is_waiting_to_begin() || current == State::Queued {
            return;
        }
        let Some(concurrency) = self.plan.flow.concurrency else { return };
        match concurrency.behavior {
            ConcurrencyBehavior::Queue => self.enter_execution(State::Queued, env.now),
            // A person asked for this restart. Only new executions are refused.
            _ if current == State::Restarted => self.begin(env),
            ConcurrencyBehavior::Cancel => self.finish_execution(State::Cancelled, env),
            ConcurrencyBehavior::Fail => {
                let text = format!(
                    "the flow already has its {} running execution(s); its concurrency behavior is FAIL",
                    concurrency.limit
                );
                self.log(None, LogLevel::Error, text, env.now);
                self.finish_execution(State::Failed, env);
            }
        }
    }

    /// Starts the execution now, whatever it waits for (docs/kestra.md 2.5).
    pub(crate) fn force_run(&mut self, env: &Env) {
        if self.is_waiting_to_begin() {
            if self.execution.schedule_date.take().is_some() {
                self.clear_timer(&TimerKey::Start);
            }
            if self.execution.state.current() == State::Queued {
                self.effect(Effect::ReleasePermit);
            }
            self.begin(env);
        } else if self.execution.state.current() == State::Paused {
            self.resume(&Map::new(), None, env);
        } else {
            self.sweep(env);
        }
    }

    /// Takes the execution out of the queue, to run or to end.
    pub(crate) fn unqueue(&mut self, state: State, env: &Env) {
        if state == State::Running {
            self.force_run(env);
        } else {
            self.finish_execution(state, env);
        }
    }
}
