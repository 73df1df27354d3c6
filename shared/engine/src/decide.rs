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

/// The end of a part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether the part has applied the first of the events.
    pub applied: bool,
    /// Whether the step ends here: nothing is left to do, answers are missing, or the step has changed as many task
    /// runs as its budget allows.
    pub is_last: bool,
}

/// Does a part of a step: applies the first event, or continues, and starts at most one task run. The caller gives each
/// part its own time, so that dates and durations in a long step are true. After the last part, [`conclude`] returns
/// the decision of the step.
///
/// A part that lacks answers is done again. It then needs the same time, because its questions may depend on the time.
pub fn decide_part(state: &mut ExecutionState, events: &[Event], env: &Env) -> Part {
    let next = if state.decision.more { None } else { events.first() };
    state.decision.more = false;
    if let Some(event) = next {
        state.fold(event, env);
    }
    state.work_and_check(1, env);
    let is_done = !state.decision.more && events.len() <= usize::from(next.is_some());
    let is_full = state.changed_task_runs() >= env.budget || !state.decision.pending.is_empty();
    Part { applied: next.is_some(), is_last: is_done || is_full }
}

/// The decision of a step in parts.
pub fn conclude(state: &mut ExecutionState, env: &Env) -> Decision {
    state.conclude(env)
}

/// Continues a step that was interrupted by its budget or by missing answers.
pub fn go_on(state: &mut ExecutionState, env: &Env) -> Decision {
    state.work_and_check(env.budget, env);
    state.conclude(env)
}

impl ExecutionState {
    /// Does the work that is due, and the work that a violated SLA causes.
    fn work_and_check(&mut self, budget: usize, env: &Env) {
        self.work(budget, env);
        if self.decision.pending.is_empty() && self.check_slas(env) {
            self.work(budget, env);
        }
        self.decision.pending.extend(env.lookups.take_pending());
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
            Event::BreakpointsLeft { breakpoints } => self.leave_breakpoints(breakpoints.as_deref(), env),
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
