//! How an execution ends: of itself, by a kill, a cancel, an exit (kestra-compat.md 1.6, 2.5).

use crate::effect::Effect;
use crate::frame::Phase;
use crate::inputs;
use crate::plan::Branch;
use crate::state::{Action, Env, ExecutionState};
use crate::step::Blocked;
use jiff::Timestamp;
use segue_model::Json;
use segue_model::flow::SlaKind;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogLevel;
use segue_model::state::State;
use std::collections::HashSet;

impl ExecutionState {
    pub(crate) fn kill(&mut self, env: &Env) {
        if self.execution.state.current().is_terminal() {
            return;
        }
        self.enter_execution(State::Killing, env.now);
        self.stop_all(State::Killed, None, env.now);
    }

    /// Stops everything at once; the execution will end in `state`, and so do the flowables above `cause`.
    pub(crate) fn stop_all(&mut self, state: State, cause: Option<&TaskRunId>, now: Timestamp) {
        self.notes.exit = Some(state);
        self.notes.paused = false;
        self.agenda.clear();
        let mut above = HashSet::new();
        let mut next =
            cause.and_then(|id| self.run(id)).and_then(|run| run.task_run.parent_task_run_id.clone());
        while let Some(id) = next {
            next = self.run(&id).and_then(|run| run.task_run.parent_task_run_id.clone());
            above.insert(id);
        }
        let open = self.open_runs();
        if !open.is_empty() {
            self.effect(Effect::StopAttempts { task_run_id: None });
        }
        for id in &open {
            let child = self.run(id).and_then(|run| run.task_run.memo.get("execution").cloned());
            if let Some(child) = child.as_ref().and_then(Json::as_str) {
                self.effect(Effect::KillExecution { execution_id: ExecutionId::from(child) });
            }
            self.frames.remove(id);
            let attempts = self.run(id).map_or(0, |run| run.task_run.attempts.len());
            for key in [format!("due:{id}"), format!("round:{id}"), format!("retry:{id}:{attempts}")] {
                self.effect(Effect::ClearTimer { key });
            }
            // A kill, a cancel or an SLA marks what it stopped; what an exit stops beside it is killed.
            let is_marked = above.contains(id) || cause.is_none();
            self.enter(id, if is_marked { state } else { State::Killed }, now);
        }
        self.root.stop();
        self.agenda.push_back(Action::Advance { level: None, ended: None });
    }

    /// The flow's own level is over.
    pub(crate) fn end_execution(&mut self, state: State, env: &Env) -> Result<(), Blocked> {
        let mut state = self.notes.exit.unwrap_or(state);
        let flow = self.plan.flow.clone();
        if !flow.outputs.is_empty() && !matches!(state, State::Killed | State::Cancelled) {
            let scope = self.flow_scope(env);
            match inputs::resolve_outputs(&flow.outputs, &env.renderer, &scope) {
                Ok(outputs) => self.execution.outputs = Some(outputs),
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

    /// The execution has its final state.
    pub(crate) fn finish_execution(&mut self, state: State, env: &Env) {
        self.enter_execution(state, env.now);
        if self.plan.flow.concurrency.is_some() {
            self.effect(Effect::ReleaseSlot);
        }
        let parent = self.execution.trigger.as_ref().and_then(|trigger| trigger.parent.clone());
        if let Some(parent) = parent.filter(|parent| parent.wait) {
            self.effect(Effect::NotifyParent {
                execution_id: parent.execution_id,
                task_run_id: parent.task_run_id,
                iteration: parent.iteration,
                state,
                outputs: self.execution.outputs.clone().unwrap_or_default(),
            });
        }
        for sla in &self.plan.clone().flow.sla {
            if matches!(sla.kind, SlaKind::MaxDuration { .. }) {
                self.effect(Effect::ClearTimer { key: format!("sla:{}", sla.id) });
            }
        }
        self.effect(Effect::ExecutionEnded { state });
        let has_after = !self.plan.list(None, Branch::After).is_empty() && state != State::Cancelled;
        self.root.phase = if has_after { Phase::After } else { Phase::Closed };
        self.notes.exit = None;
        if has_after {
            self.notes.after = true;
            self.agenda.push_back(Action::Advance { level: None, ended: None });
        }
    }
}
