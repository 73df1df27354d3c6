//! One event in, one decision out. Duplicates, late and reordered events have arms of their own: they change
//! nothing, but what may have been lost with the message they repeat is asked for again.

use crate::effect::{Decision, Effect};
use crate::state::{Action, Env, ExecutionState};
use segue_model::event::Event;
use segue_model::flow::ConcurrencyBehavior;
use segue_model::label::set_label;
use segue_model::log::LogLevel;
use segue_model::state::State;

/// Folds an event into an execution.
pub fn decide(state: &mut ExecutionState, event: &Event, env: &Env) -> Decision {
    state.fold(event, env);
    go_on(state, env)
}

/// Goes on where the last step was cut short, by its budget or for want of answers.
pub fn go_on(state: &mut ExecutionState, env: &Env) -> Decision {
    state.work(env);
    if state.decision.pending.is_empty() && state.check_slas(env) {
        state.work(env);
    }
    state.take_decision()
}

impl ExecutionState {
    pub(crate) fn fold(&mut self, event: &Event, env: &Env) {
        let current = self.execution.state.current();
        match event {
            Event::ExecutionCreated if current == State::Created => self.admit(env),
            Event::ExecutionCreated | Event::Continued => self.sweep(env),
            Event::TaskRunStarted { task_run_id, attempt, date } => {
                let is_due = self.run(task_run_id).is_some_and(|run| {
                    run.task_run.current() == State::Created && run.task_run.ended_attempts() == *attempt
                });
                if is_due {
                    self.enter(task_run_id, State::Running, *date);
                }
            }
            Event::TaskRunFinished(result) => self.task_run_finished(result, env),
            Event::TimerFired { key } => self.timer_fired(key, env),
            Event::SubflowCreated { task_run_id, iteration, outcome } => {
                self.subflow_created(task_run_id, *iteration, outcome, env);
            }
            Event::SubflowFinished { task_run_id, iteration, execution_id, state, outputs } => {
                self.subflow_finished(task_run_id, *iteration, execution_id, (*state, outputs), env);
            }
            Event::SlotGranted => {
                if matches!(current, State::Created | State::Queued) && !self.notes.admitted {
                    self.begin(env);
                }
            }
            Event::SlotRefused => self.slot_refused(env),
            Event::KillRequested => self.kill(env),
            Event::PauseRequested => {
                if current == State::Running {
                    self.notes.paused = true;
                    self.follow(env.now);
                    self.decision.changed = true;
                }
            }
            Event::ResumeRequested { inputs, task_run_id } => {
                self.resume(inputs, task_run_id.as_ref(), env);
            }
            Event::RestartRequested => self.restart(env),
            Event::LabelsChanged { labels } => {
                for label in labels {
                    set_label(&mut self.execution.labels, label.clone());
                }
                self.shared = None;
                self.decision.changed = true;
            }
        }
    }

    /// A new execution starts now, later, or when there is a slot.
    pub(crate) fn admit(&mut self, env: &Env) {
        if let Some(date) = self.execution.schedule_date.filter(|date| *date > env.now) {
            self.effect(Effect::SetTimer { key: "start".into(), due: date });
            self.decision.changed = true;
        } else if self.plan.flow.concurrency.is_some() && !self.notes.admitted {
            self.effect(Effect::TakeSlot);
        } else {
            self.begin(env);
        }
    }

    pub(crate) fn begin(&mut self, env: &Env) {
        self.notes.admitted = true;
        self.set_sla_timers();
        self.enter_execution(State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: None, ended: None });
    }

    pub(crate) fn slot_refused(&mut self, env: &Env) {
        if self.execution.state.current() != State::Created || self.notes.admitted {
            return;
        }
        let Some(concurrency) = self.plan.flow.concurrency else { return };
        match concurrency.behavior {
            ConcurrencyBehavior::Queue => self.enter_execution(State::Queued, env.now),
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
}
