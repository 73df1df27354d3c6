//! Applies one event and returns one decision. Duplicate, late and reordered events have their own arms. Such an event
//! changes nothing, but its effects are requested again, because they may be lost.

use crate::effect::Decision;
use crate::env::Env;
use crate::state::ExecutionState;
use crate::subflows::SubflowEnd;
use segue_model::event::Event;
use segue_model::label::{Label, set_labels};
use segue_model::state::State;

/// Applies an event to an execution.
pub fn decide(state: &mut ExecutionState, event: &Event, env: &Env) -> Decision {
    state.fold(event, env);
    go_on(state, env)
}

/// Applies events to an execution, one after the other, as one step with one decision. Returns the number of applied
/// events and the decision. The step ends before the last event when it needs answers, or when it has changed as many
/// task runs as its budget allows. The caller then commits the decision, and applies the other events in another step.
pub fn decide_all(state: &mut ExecutionState, events: &[Event], env: &Env) -> (usize, Decision) {
    let mut applied = 0;
    for event in events {
        state.fold(event, env);
        state.work_and_check(env);
        applied += 1;
        if state.is_interrupted(env) {
            break;
        }
    }
    (applied, state.conclude(env))
}

/// Continues a step that was interrupted by its budget or by missing answers.
pub fn go_on(state: &mut ExecutionState, env: &Env) -> Decision {
    state.work_and_check(env);
    state.conclude(env)
}

impl ExecutionState {
    /// Does the work that is due, and the work that a violated SLA causes.
    fn work_and_check(&mut self, env: &Env) {
        self.work(env);
        if self.decision.pending.is_empty() && self.check_slas(env) {
            self.work(env);
        }
        self.decision.pending.extend(env.lookups.take_pending());
    }

    fn is_interrupted(&self, env: &Env) -> bool {
        self.decision.more || !self.decision.pending.is_empty() || self.changed_task_runs() >= env.budget
    }

    /// The decision of the step, with secrets masked in its log.
    fn conclude(&mut self, env: &Env) -> Decision {
        let mut decision = self.take_decision();
        if !decision.logs.is_empty() {
            self.learn_inputs(env);
            let masker = env.lookups.masker();
            for entry in &mut decision.logs {
                entry.message = masker.apply(&entry.message).into_owned();
            }
        }
        decision
    }

    pub(crate) fn fold(&mut self, event: &Event, env: &Env) {
        let current = self.execution.state.current();
        match event {
            Event::ExecutionCreated if current == State::Created => self.admit(env),
            Event::ExecutionCreated | Event::Continued => self.sweep(env),
            Event::TaskRunStarted { task_run_id, attempt, date } => {
                let is_due = self.run(task_run_id).is_some_and(|run| {
                    matches!(run.task_run.current(), State::Created | State::Restarted)
                        && run.task_run.ended_attempts() == *attempt
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
            Event::SubflowFinished {
                task_run_id,
                iteration,
                execution_id,
                original_id,
                attempt,
                state,
                outputs,
            } => {
                let end = SubflowEnd {
                    iteration: *iteration,
                    child: execution_id,
                    original: original_id,
                    attempt: *attempt,
                    state: *state,
                    outputs,
                };
                self.subflow_finished(task_run_id, &end, env);
            }
            Event::PermitGranted => {
                if self.is_waiting_to_begin() {
                    self.begin(env);
                }
            }
            Event::PermitRefused => self.permit_refused(env),
            _ if self.refuses(event).is_some() => {}
            Event::KillRequested { cascade } => self.kill(*cascade, env),
            Event::PauseRequested => {
                self.notes.paused = true;
                self.follow(env.now);
                self.decision.changed = true;
            }
            Event::ResumeRequested { inputs, task_run_id } => {
                self.resume(inputs, task_run_id.as_ref(), env);
            }
            Event::RestartRequested { attempt } => {
                if *attempt == self.execution.metadata.attempt_number {
                    self.restart(env);
                }
            }
            Event::ForceRunRequested => self.force_run(env),
            Event::Unqueued { state } => self.unqueue(*state, env),
            Event::TaskRunStateChanged { task_run_id, state } => {
                self.change_task_run(task_run_id, *state, env);
            }
            Event::StatusChanged { state } => self.enter_execution(*state, env.now),
            Event::LabelsChanged { labels } => self.set_labels(labels.clone()),
        }
    }

    /// Sets labels by key.
    pub(crate) fn set_labels(&mut self, labels: Vec<Label>) {
        set_labels(&mut self.execution.labels, labels);
        self.shared = None;
        self.decision.changed = true;
    }
}
