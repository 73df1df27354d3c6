//! One event in, one decision out. Duplicates, late and reordered events have arms of their own: they change
//! nothing, but what may have been lost with the message they repeat is asked for again.

use crate::effect::{Decision, Effect};
use crate::flowable::{self, Stage};
use crate::frame::Phase;
use crate::plan::Branch;
use crate::state::{Action, Env, ExecutionState};
use crate::step::{Blocked, Ended, set_memo};
use crate::inputs;
use jiff::Timestamp;
use segue_model::catalog::RunBy;
use segue_model::event::{Event, TaskRunResult};
use segue_model::flow::ConcurrencyBehavior;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::set_label;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, PauseBehavior, TaskKind};
use segue_model::{Json, Map};
use std::collections::HashSet;
use serde_json::json;

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
    fn fold(&mut self, event: &Event, env: &Env) {
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
    fn admit(&mut self, env: &Env) {
        if let Some(date) = self.execution.schedule_date.filter(|date| *date > env.now) {
            self.effect(Effect::SetTimer { key: "start".into(), due: date });
            self.decision.changed = true;
        } else if self.plan.flow.concurrency.is_some() && !self.notes.admitted {
            self.effect(Effect::TakeSlot);
        } else {
            self.begin(env);
        }
    }

    fn begin(&mut self, env: &Env) {
        self.notes.admitted = true;
        self.set_sla_timers();
        self.enter_execution(State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: None, ended: None });
    }

    fn slot_refused(&mut self, env: &Env) {
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

    /// Looks at everything that may have been lost: open levels, task runs on their way, timers, subflows.
    fn sweep(&mut self, env: &Env) {
        if self.execution.state.current().is_terminal() && self.root.phase != Phase::After {
            return;
        }
        if !self.notes.admitted {
            self.admit(env);
            return;
        }
        self.agenda.clear();
        let open: Vec<TaskRunId> = self
            .runs
            .values()
            .filter(|run| !run.task_run.current().is_terminal())
            .map(|run| run.task_run.id.clone())
            .collect();
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
    fn stalled(&mut self, level: Option<&TaskRunId>) -> Vec<(u64, usize)> {
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

    fn sweep_run(&mut self, id: &TaskRunId, env: &Env) {
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

    fn task_run_finished(&mut self, result: &TaskRunResult, env: &Env) {
        let Some((task_run, Some(node))) =
            self.run(&result.task_run_id).map(|run| (run.task_run.clone(), run.node))
        else {
            return;
        };
        if task_run.current().is_terminal() {
            return self.sweep(env);
        }
        if self.directory_of(node).is_some() {
            return self.directory_finished(result, env);
        }
        if task_run.ended_attempts() != result.attempt
            || !matches!(task_run.current(), State::Created | State::Running)
        {
            return self.sweep(env);
        }
        for dynamic in &result.dynamic {
            if !self.places.contains_key(&dynamic.id) {
                self.insert(dynamic.clone(), None);
            }
        }
        if !result.metrics.is_empty()
            && let Some(run) = self.run_mut(&result.task_run_id)
        {
            let mut sums = Map::new();
            for metric in &result.metrics {
                let sum = sums.get(&metric.name).and_then(Json::as_f64).unwrap_or(0.0) + metric.value;
                sums.insert(metric.name.clone(), json!(sum));
            }
            set_memo(&mut run.task_run.memo, "metrics", Json::Object(sums));
        }
        let ended = Ended {
            state: result.state,
            outputs: result.outputs.clone(),
            error: result.error.clone(),
            start: result.start_date,
            end: result.end_date,
        };
        self.end_attempt(&result.task_run_id, ended, env);
    }

    /// Files of a working directory have been laid out or collected.
    fn directory_finished(&mut self, result: &TaskRunResult, env: &Env) {
        let id = &result.task_run_id;
        let Some(run) = self.run(id) else { return };
        let stage = Stage::of(&run.task_run.memo);
        let epoch = run.task_run.memo.get("epoch").and_then(Json::as_u64).unwrap_or(0);
        let expected = epoch * 2 + u64::from(stage == Stage::Collect);
        if stage == Stage::Children || expected != u64::from(result.attempt) {
            return self.sweep(env);
        }
        if let Some(error) = &result.error {
            self.log(Some(id), LogLevel::Error, error.clone(), result.end_date);
        }
        let Some(run) = self.run_mut(id) else { return };
        set_memo(&mut run.task_run.memo, "stage", json!(Stage::Children.name()));
        if stage == Stage::Collect {
            set_memo(&mut run.task_run.memo, "collected", Json::Bool(true));
            run.task_run.outputs.extend(result.outputs.clone());
        }
        if result.state == State::Failed {
            self.force(id, State::Failed);
            if let Some(frame) = self.frames.get_mut(id) {
                frame.phase = Phase::Finally;
            }
        }
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }

    fn timer_fired(&mut self, key: &str, env: &Env) {
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

    fn begin_round(&mut self, id: &TaskRunId, env: &Env) {
        self.remove_below_keeping_frame(id);
        let Some(run) = self.run_mut(id) else { return };
        let round = run.task_run.memo.get("round").and_then(Json::as_u64).unwrap_or(1) + 1;
        set_memo(&mut run.task_run.memo, "round", json!(round));
        set_memo(&mut run.task_run.memo, "epoch", json!(round));
        set_memo(&mut run.task_run.memo, "next", Json::Null);
        run.task_run.outputs.insert("iterationCount".into(), json!(round));
        let (task, chain, outputs) =
            (run.task_run.task_id.clone(), run.chain.clone(), run.task_run.outputs.clone());
        self.outputs.set(&task, &chain, &outputs);
        self.enter(id, State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }

    fn remove_below_keeping_frame(&mut self, id: &TaskRunId) {
        let frame = self.frames.remove(id);
        self.remove_below(id);
        if let Some(mut frame) = frame {
            frame.new_round();
            self.frames.insert(id.clone(), frame);
        }
    }

    fn pause_is_over(&mut self, id: &TaskRunId, env: &Env) {
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

    fn resume(&mut self, inputs: &Map, task_run_id: Option<&TaskRunId>, env: &Env) {
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
    fn resume_run(&mut self, id: &TaskRunId, inputs: Map, env: &Env) {
        self.effect(Effect::ClearTimer { key: format!("due:{id}") });
        let Some(run) = self.run_mut(id) else { return };
        run.task_run.outputs.insert("onResume".into(), Json::Object(inputs));
        self.enter(id, State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }

    fn kill(&mut self, env: &Env) {
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
        let open: Vec<TaskRunId> = self
            .runs
            .values()
            .filter(|run| !run.task_run.current().is_terminal())
            .map(|run| run.task_run.id.clone())
            .collect();
        if !open.is_empty() {
            self.effect(Effect::StopAttempts { task_run_id: None });
        }
        for id in &open {
            let child = self.run(id).and_then(|run| run.task_run.memo.get("execution").cloned());
            if let Some(child) = child.as_ref().and_then(Json::as_str) {
                self.effect(Effect::KillExecution { execution_id: ExecutionId::from(child) });
            }
            self.frames.remove(id);
            // A kill, a cancel or an SLA marks what it stopped; what an exit stops beside it is killed.
            let is_marked = above.contains(id) || cause.is_none();
            self.enter(id, if is_marked { state } else { State::Killed }, now);
        }
        self.root.stop();
        self.agenda.push_back(Action::Advance { level: None, ended: None });
    }

    /// Restarts what failed (kestra-compat.md 2.6).
    fn restart(&mut self, env: &Env) {
        let current = self.execution.state.current();
        if !(current.is_terminal() || current == State::Paused) {
            return;
        }
        let is_aside = |state: &Self, run: &crate::state::Run| {
            run.node.and_then(|node| state.plan.node(node)).is_some_and(|node| {
                matches!(Phase::of(node.branch), Phase::Errors | Phase::Finally | Phase::After)
                    && node.branch != Branch::OnPause
            })
        };
        let aside: Vec<TaskRunId> = self
            .runs
            .values()
            .filter(|run| is_aside(self, run))
            .map(|run| run.task_run.id.clone())
            .collect();
        for id in &aside {
            self.remove_below(id);
            self.remove(id);
        }
        self.revive_failed(env);
        self.execution.metadata.attempt_number += 1;
        self.execution.outputs = None;
        self.notes.exit = None;
        self.notes.after = false;
        self.enter_execution(State::Restarted, env.now);
        self.rebuild();
        self.enter_execution(State::Running, env.now);
        self.decision.changed = true;
        self.sweep(env);
    }

    /// Failed task runs are RESTARTED and the flowables above them RUNNING.
    fn revive_failed(&mut self, env: &Env) {
        let failed: Vec<(TaskRunId, bool)> = self
            .runs
            .values()
            .filter(|run| matches!(run.task_run.current(), State::Failed | State::Killed | State::Paused))
            .map(|run| {
                let planned = run.node.and_then(|node| self.plan.node(node));
                let is_plain = planned.is_none_or(|node| node.run_by != RunBy::Flowable);
                let is_call = planned.is_some_and(|node| {
                    matches!(&node.task.kind, TaskKind::Flowable(flowable)
                        if matches!(flowable.kind, FlowableKind::Subflow(_) | FlowableKind::Batches(_) | FlowableKind::Sleep { .. } | FlowableKind::Pause(_)))
                });
                (run.task_run.id.clone(), is_plain || is_call)
            })
            .collect();
        for (id, is_leaf) in failed {
            let is_block =
                self.run(&id).and_then(|run| run.node).is_some_and(|node| self.directory_of(node).is_some());
            if is_block {
                self.remove_below(&id);
                if let Some(run) = self.run_mut(&id) {
                    let epoch = run.task_run.memo.get("epoch").and_then(Json::as_u64).unwrap_or(0) + 1;
                    run.task_run.memo = json!({"epoch": epoch});
                }
            }
            if self.run(&id).is_none() {
                continue;
            }
            if is_leaf {
                self.enter(&id, State::Restarted, env.now);
                self.enter(&id, State::Created, env.now);
            } else {
                self.enter(&id, State::Running, env.now);
            }
            let mut next = self.run(&id).and_then(|run| run.task_run.parent_task_run_id.clone());
            while let Some(parent) = next {
                self.enter(&parent, State::Running, env.now);
                if let Some(run) = self.run_mut(&parent) {
                    if let Json::Object(memo) = &mut run.task_run.memo {
                        memo.shift_remove("forced");
                    }
                }
                next = self.run(&parent).and_then(|run| run.task_run.parent_task_run_id.clone());
            }
        }
    }

    /// Makes the counts of all levels anew from the task runs.
    fn rebuild(&mut self) {
        let plan = self.plan.clone();
        self.root = crate::frame::Frame::new(self.root.order.clone());
        self.frames.clear();
        let all: Vec<_> = self.runs.values().map(|run| (run.task_run.clone(), run.node)).collect();
        for (task_run, node) in all {
            let Some(node) = node else { continue };
            let current = task_run.current();
            if let Some(frame) = self.frame_mut(task_run.parent_task_run_id.as_ref()) {
                frame.child_started(&plan, node, task_run.iteration);
                if current.is_terminal() {
                    frame.child_ended(&plan, node, task_run.iteration, current);
                }
            }
            if !current.is_terminal()
                && let Some(order) = flowable::order(&plan, node, &task_run.memo)
            {
                self.frames.insert(task_run.id, crate::frame::Frame::new(order));
            }
        }
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
    fn finish_execution(&mut self, state: State, env: &Env) {
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
