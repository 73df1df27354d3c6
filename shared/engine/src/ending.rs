//! The ways an execution ends: normally, by a kill, a cancel, or an exit (docs/kestra.md 1.6, 2.5).

use crate::effect::Effect;
use crate::env::Env;
use crate::frame::Phase;
use crate::inputs;
use crate::machine::Blocked;
use crate::plan::Branch;
use crate::state::{Action, ExecutionState};
use crate::timer::TimerKey;
use jiff::Timestamp;
use segue_model::flow::SlaKind;
use segue_model::id::TaskRunId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::{Json, Map};
use std::collections::HashSet;

impl ExecutionState {
    /// Kills the execution, and its subflows if `cascade` is set. An execution that has ended is not changed.
    pub(crate) fn kill(&mut self, cascade: bool, env: &Env) {
        if self.execution.state.current().is_terminal() {
            return self.sweep(env);
        }
        self.enter_execution(State::Killing, env.now);
        self.stop_all(State::Killed, None, cascade, env.now);
    }

    /// Stops all task runs at once. The execution and the task runs in `marked` end in `state`. If `marked` is `None`,
    /// all open task runs end in `state`. Otherwise the other open task runs end KILLED.
    pub(crate) fn stop_all(
        &mut self,
        state: State,
        marked: Option<&HashSet<TaskRunId>>,
        cascade: bool,
        now: Timestamp,
    ) {
        self.notes.exit = Some(state);
        self.notes.paused = false;
        self.notes.spared |= !cascade;
        self.agenda.clear();
        let open: Vec<(TaskRunId, State)> = self
            .open_runs()
            .into_iter()
            .map(|id| {
                let is_marked = marked.is_none_or(|marked| marked.contains(&id));
                (id, if is_marked { state } else { State::Killed })
            })
            .collect();
        self.stop_runs(&open, cascade, now);
        self.root.stop();
        self.agenda.push_back(Action::Advance { level: None, ended: None });
    }

    /// The flowable runs around a task run.
    pub(crate) fn above(&self, id: &TaskRunId) -> HashSet<TaskRunId> {
        let parent = |id: &TaskRunId| self.run(id).and_then(|run| run.task_run.parent_task_run_id.clone());
        std::iter::successors(parent(id), parent).collect()
    }

    /// The outputs that a calling Subflow asks for with its own `outputs` (deprecated; docs/kestra.md 4.2).
    fn outputs_asked_for(&self) -> Map {
        let parent = self.execution.trigger.as_ref().and_then(|trigger| trigger.parent.as_ref());
        parent.map(|parent| parent.outputs.clone()).unwrap_or_default()
    }

    /// Ends the execution after its tasks have ended.
    pub(crate) fn end_execution(&mut self, state: State, env: &Env) -> Result<(), Blocked> {
        let mut state = self.notes.exit.unwrap_or(state);
        let flow = self.plan.flow.clone();
        let asked = self.outputs_asked_for();
        let has_outputs = !flow.outputs.is_empty() || !asked.is_empty();
        if has_outputs && !matches!(state, State::Killed | State::Cancelled | State::Retried) {
            let scope = self.flow_scope(env);
            let owner = [self.execution.id.as_str(), "outputs"];
            let sealing = inputs::Sealing { cipher: &env.cipher, owner: &owner };
            let outputs = match flow.outputs.is_empty() {
                true => inputs::render_outputs(&asked, &env.renderer, &scope),
                false => inputs::resolve_outputs(&flow.outputs, &env.renderer, &scope, sealing),
            };
            match outputs {
                Ok(outputs) => {
                    let mut outputs = Json::Object(outputs);
                    env.lookups.mask(&mut outputs);
                    self.execution.outputs = outputs.as_object_mut().map(std::mem::take);
                }
                Err(inputs::OutputsError::Pending) => return Err(Blocked),
                Err(error @ inputs::OutputsError::Failed(_)) => {
                    self.log(None, LogLevel::Error, error.to_string(), env.now);
                    state = State::Failed;
                }
            }
        }
        self.finish_execution(state, env);
        Ok(())
    }

    /// Sets the final state of the execution.
    pub(crate) fn finish_execution(&mut self, state: State, env: &Env) {
        self.enter_execution(state, env.now);
        if self.execution.schedule_date.is_some() {
            self.clear_timer(&TimerKey::Start);
        }
        for sla in &self.plan.clone().flow.sla {
            if matches!(sla.kind, SlaKind::MaxDuration { .. }) {
                self.clear_timer(&TimerKey::Sla(sla.id.clone()));
            }
        }
        self.tell_end();
        // The `afterExecution` of a replaced execution runs when the execution that replaces it has ended.
        let has_after = !self.plan.list(None, Branch::After).is_empty()
            && !matches!(state, State::Cancelled | State::Retried);
        self.root.phase = if has_after { Phase::After } else { Phase::Closed };
        self.notes.exit = None;
        if has_after {
            self.notes.after = true;
            self.agenda.push_back(Action::Advance { level: None, ended: None });
        }
    }

    /// Announces the end of the execution. Each receiver tolerates a repeated announcement.
    pub(crate) fn tell_end(&mut self) {
        let state = self.execution.state.current();
        if self.plan.flow.concurrency.is_some() {
            self.effect(Effect::ReleasePermit);
        }
        // For a replaced execution, the execution that replaces it announces the end.
        let parent = self.execution.trigger.as_ref().and_then(|trigger| trigger.parent.clone());
        if let Some(parent) = parent.filter(|parent| parent.wait && state != State::Retried) {
            self.effect(Effect::NotifyParent {
                execution_id: parent.execution_id,
                task_run_id: parent.task_run_id,
                iteration: parent.iteration,
                state,
                outputs: self.execution.outputs.clone().unwrap_or_default(),
            });
        }
        self.effect(Effect::AnnounceState { state });
    }

    /// Whether nothing is left to do. False while `afterExecution` runs.
    pub fn is_over(&self) -> bool {
        self.execution.state.current().is_terminal() && self.root.phase != Phase::After
    }
}
