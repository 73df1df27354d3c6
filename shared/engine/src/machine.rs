//! The machine takes actions from the agenda and starts task runs. It ends when nothing can happen without another
//! event.

use crate::attempt::Ended;
use crate::breakpoint::comes_from_breakpoint;
use crate::effect::Effect;
use crate::env::Env;
use crate::flowable::{self, OpenError};
use crate::frame::{Child, Frame, Phase};
use crate::inline::{self, Change, InlineCall, InlineError, InlineOutcome};
use crate::kind::is_kind;
use crate::order::order;
use crate::plan::{Branch, Node, NodeId};
use crate::stage::Stage;
use crate::state::{Action, ExecutionState, InlineEnd};
use crate::timer::TimerKey;
use crate::{memo, timeout};
use segue_model::catalog::RunBy;
use segue_model::id::TaskRunId;
use segue_model::label::set_labels;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, Task, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{RenderError, is_truthy};
use std::sync::Arc;

/// The step cannot continue until answers are fetched.
#[derive(Debug)]
pub(crate) struct Blocked;

impl ExecutionState {
    /// Carries out the actions of the agenda, until it has started `budget` task runs.
    pub(crate) fn work(&mut self, budget: usize, env: &Env) {
        let mut budget = budget.max(1);
        while let Some(action) = self.agenda.pop_front() {
            let starts = !matches!(action, Action::Advance { .. } | Action::End(_));
            if starts && self.notes.paused {
                self.agenda.push_front(action);
                return;
            }
            if budget == 0 && !matches!(action, Action::Advance { .. }) {
                self.agenda.push_front(action);
                self.decision.more = true;
                return;
            }
            let done = match &action {
                Action::Start { parent, child } => self.start(parent.as_ref(), child, env),
                Action::Again(id) => self.again(id, env),
                Action::Dispatch(id) => self.dispatch_again(id, env),
                Action::End(end) => {
                    self.end_inline(end, env);
                    Ok(())
                }
                Action::Advance { level, ended } => self.advance(level.as_ref(), *ended, env),
            };
            if done.is_err() {
                self.agenda.push_front(action);
                self.decision.pending = env.lookups.take_pending();
                return;
            }
            budget -= usize::from(starts);
            // A step may run an execution from its first to its last task run. So SLAs are checked after each change
            // within the step.
            self.check_slas(env);
        }
    }

    pub(crate) fn planned(&self, node: NodeId) -> Option<Node> {
        self.plan.node(node).cloned()
    }

    /// The id of a child.
    pub(crate) fn child_id(&self, parent: Option<&TaskRunId>, task: &Task, child: &Child) -> TaskRunId {
        // A level may run its children again (a round of a loop, a retried block). Each time has its own epoch.
        let epoch = parent
            .and_then(|id| self.run(id))
            .and_then(|run| memo::EPOCH.get(&run.task_run.memo))
            .unwrap_or(0);
        let mut name = if epoch == 0 { task.id.clone() } else { format!("{}#{epoch}", task.id) };
        // A restart removes the task runs of `errors`, `finally` and `afterExecution`. They are created again with
        // other ids, so their attempts are not confused with the old ones.
        let attempt = self.execution.metadata.attempt_number;
        let is_aside =
            self.plan.node(child.node).is_some_and(|node| Phase::from_branch(node.branch) != Phase::Main);
        if is_aside && attempt > 1 {
            name.push_str(&format!("@{attempt}"));
        }
        TaskRunId::derive(&self.execution.id, parent, &name, child.value.as_deref(), child.iteration)
    }

    pub(crate) fn start(
        &mut self,
        parent: Option<&TaskRunId>,
        child: &Child,
        env: &Env,
    ) -> Result<(), Blocked> {
        let Some(node) = self.planned(child.node) else { return Ok(()) };
        let task = node.task.clone();
        let id = self.child_id(parent, &task, child);
        if self.positions.contains_key(&id) {
            return Ok(());
        }
        let task_run = TaskRun {
            parent_task_run_id: parent.cloned(),
            value: child.value.clone(),
            iteration: child.iteration,
            ..TaskRun::created(id.clone(), &task.id, env.now)
        };
        if self.breaks_at(&task, child) {
            self.hold(task_run, child.node, env);
            return Ok(());
        }
        if self.is_skipped(&task_run, child.node, &task, env)? {
            return Ok(());
        }
        self.show(&task, &task_run, env);
        match node.run_by {
            RunBy::Inline => self.run_inline(task_run, child.node, &task, env),
            RunBy::Service(service) => {
                let service = self.service_for(service, &task, &task_run, env)?;
                self.insert(task_run, Some(child.node));
                self.dispatch(&id, service, env);
                Ok(())
            }
            RunBy::Flowable => self.open(task_run, child.node, &task, env),
        }
    }

    /// Shows the start of an attempt to the witness of a simulation.
    fn show(&mut self, task: &Task, task_run: &TaskRun, env: &Env) {
        if let Some(witness) = &env.witness {
            witness.starts(task, task_run, &self.scope(task, task_run, env));
        }
    }

    /// Ends a task run if its `runIf` is false or cannot be evaluated. Returns true if the task run has ended.
    fn is_skipped(
        &mut self,
        task_run: &TaskRun,
        node: NodeId,
        task: &Task,
        env: &Env,
    ) -> Result<bool, Blocked> {
        let Some(condition) = &task.run_if else { return Ok(false) };
        let scope = self.scope(task, task_run, env);
        let (state, error) = match env.renderer.render(condition, &scope) {
            Ok(text) if is_truthy(&text) => return Ok(false),
            Ok(_) => (State::Skipped, None),
            Err(RenderError::Pending) => return Err(Blocked),
            Err(error) => (State::Failed, Some(error)),
        };
        let id = task_run.id.clone();
        if !self.positions.contains_key(&id) {
            self.insert(task_run.clone(), Some(node));
        }
        if let Some(error) = error {
            self.log(Some(&id), LogLevel::Error, format!("runIf: {error}"), env.now);
        }
        self.finish(&id, state, env.now);
        Ok(true)
    }

    /// Starts the next attempt of a task run that waited for it.
    pub(crate) fn again(&mut self, id: &TaskRunId, env: &Env) -> Result<(), Blocked> {
        let Some((task_run, Some(node_id))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return Ok(());
        };
        let Some(node) = self.planned(node_id) else { return Ok(()) };
        if comes_from_breakpoint(&task_run) && self.is_skipped(&task_run, node_id, &node.task, env)? {
            return Ok(());
        }
        self.show(&node.task, &task_run, env);
        match node.run_by {
            RunBy::Inline => self.run_inline(task_run, node_id, &node.task, env),
            RunBy::Service(service) => {
                let service = self.service_for(service, &node.task, &task_run, env)?;
                self.enter(id, State::Created, env.now);
                self.dispatch(id, service, env);
                Ok(())
            }
            RunBy::Flowable => {
                if task_run.current() != State::Running {
                    self.reset(id);
                }
                let Some(task_run) = self.run(id).map(|run| run.task_run.clone()) else { return Ok(()) };
                self.open(task_run, node_id, &node.task, env)
            }
        }
    }

    pub(crate) fn run_inline(
        &mut self,
        task_run: TaskRun,
        node: NodeId,
        task: &Arc<Task>,
        env: &Env,
    ) -> Result<(), Blocked> {
        let TaskKind::Plugin { properties } = &task.kind else { return Ok(()) };
        let scope = self.scope(task, &task_run, env);
        let outcome = inline::run(
            &task.type_name,
            &InlineCall {
                properties,
                execution: &self.execution,
                task_run: &task_run,
                scope: &scope,
                renderer: &env.renderer,
                now: env.now,
            },
        );
        let (outcome, error) = match outcome {
            Ok(outcome) => (outcome, None),
            Err(InlineError::Failed { message, logs }) => {
                (InlineOutcome { logs, ..InlineOutcome::default() }, Some(message))
            }
            Err(InlineError::Pending) => return Err(Blocked),
        };
        let end = InlineEnd { task_run, node, outcome, error, start: env.now };
        self.agenda.push_front(Action::End(Box::new(end)));
        Ok(())
    }

    /// Ends the task run of an inline task that has run.
    fn end_inline(&mut self, end: &InlineEnd, env: &Env) {
        let InlineEnd { task_run, node, outcome, error, start } = end.clone();
        let id = task_run.id.clone();
        if !self.positions.contains_key(&id) {
            self.insert(task_run, Some(node));
        }
        let min_level = self.plan.node(node).and_then(|node| node.task.log_level).unwrap_or(LogLevel::Trace);
        self.apply(outcome.changes, env);
        self.record_metrics(&id, &outcome.metrics);
        for (level, message) in outcome.logs.into_iter().filter(|(level, _)| *level >= min_level) {
            self.log(Some(&id), level, message, env.now);
        }
        let state = match (&error, outcome.warning) {
            (Some(_), _) => State::Failed,
            (None, true) => State::Warning,
            (None, false) => State::Success,
        };
        self.end_attempt(&id, Ended { state, outputs: outcome.outputs, error, start, end: env.now }, env);
    }

    /// Makes the changes that an inline task returned. Secrets in stored texts are masked.
    pub(crate) fn apply(&mut self, changes: Vec<Change>, env: &Env) {
        for mut change in changes {
            change.mask(&env.lookups);
            match change {
                Change::Labels(labels) => {
                    set_labels(&mut self.execution.labels, labels);
                    self.shared = None;
                    self.decision.changed = true;
                }
                Change::SetVariables(map) => {
                    self.execution.variables.extend(map);
                    self.shared = None;
                    self.decision.changed = true;
                }
                Change::UnsetVariables(names) => {
                    for name in names {
                        self.execution.variables.shift_remove(&name);
                    }
                    self.shared = None;
                    self.decision.changed = true;
                }
                Change::Exit(state) => self.notes.exit = Some(state),
                Change::SetKv { .. } | Change::DeleteKv { .. } => {
                    // The values that were read before are outdated. The next read waits for the commit.
                    env.lookups.forget(is_kv);
                    self.decision.changed = true;
                    self.decision.changes.push(change);
                }
                Change::Resume { .. } => {
                    self.decision.changed = true;
                    self.decision.changes.push(change);
                }
            }
        }
    }

    pub(crate) fn open(
        &mut self,
        task_run: TaskRun,
        node: NodeId,
        task: &Arc<Task>,
        env: &Env,
    ) -> Result<(), Blocked> {
        let scope = self.scope(task, &task_run, env);
        let opened = flowable::open(self, node, &task_run, &scope, env)
            .and_then(|opened| Ok((opened, timeout::limit(task, &scope, env)?)));
        if matches!(opened, Err(OpenError::Pending)) {
            return Err(Blocked);
        }
        let id = task_run.id.clone();
        let is_open_again = task_run.current() == State::Running;
        if !self.positions.contains_key(&id) {
            self.insert(task_run, Some(node));
        }
        let (opened, limit) = match opened {
            Ok(opened) => opened,
            Err(OpenError::Pending) => return Err(Blocked),
            Err(OpenError::Failed(message)) => {
                let now = env.now;
                let ended = Ended {
                    state: State::Failed,
                    outputs: Map::new(),
                    error: Some(message),
                    start: now,
                    end: now,
                };
                self.end_attempt(&id, ended, env);
                return Ok(());
            }
        };
        self.enter(&id, State::Running, env.now);
        if let Some(run) = self.run_mut(&id) {
            let mut outputs = Json::Object(opened.outputs);
            env.lookups.mask(&mut outputs);
            run.task_run.outputs = outputs.as_object_mut().map(std::mem::take).unwrap_or_default();
            let last = std::mem::replace(&mut run.task_run.memo, opened.memo);
            memo::EPOCH.copy(&last, &mut run.task_run.memo);
            memo::LIMIT.copy(&last, &mut run.task_run.memo);
            memo::UNTIL.copy(&last, &mut run.task_run.memo);
        }
        // A call that is checked again keeps its timeout.
        if let Some(limit) = limit
            && !is_open_again
        {
            self.start_clock(&id, limit, env);
        }
        // Children may read the outputs that the flowable has at its start.
        if let Some(run) = self.run(&id)
            && !run.task_run.outputs.is_empty()
        {
            self.outputs.set(&run.task_run.task_id, &run.chain, &run.task_run.outputs);
        }
        if let Some(text) = opened.warning {
            self.log(Some(&id), LogLevel::Warn, text, env.now);
        }
        if let Some(due) = opened.timer {
            self.set_timer(&TimerKey::Due(id.clone()), due);
        }
        let is_empty = opened.subflows.is_empty();
        for request in opened.subflows {
            self.effect(Effect::StartSubflow(Box::new(request)));
        }
        if is_empty && is_kind(task, |kind| matches!(kind, FlowableKind::Batches(_))) {
            self.finish(&id, State::Success, env.now);
            return Ok(());
        }
        let memo = self.run(&id).map(|run| run.task_run.memo.clone()).unwrap_or_default();
        if let Some(order) = order(&self.plan, node, &memo) {
            self.frames.insert(id.clone(), Frame::new(order));
            self.begin_level(&id, node, opened.state, env);
        }
        Ok(())
    }

    pub(crate) fn begin_level(&mut self, id: &TaskRunId, node: NodeId, state: State, env: &Env) {
        if state == State::Paused {
            let on_pause = self.plan.list(Some(node), Branch::OnPause).to_vec();
            let plan = self.plan.clone();
            for node in on_pause {
                if let Some(frame) = self.frames.get_mut(id) {
                    frame.child_started(&plan, node, None);
                }
                let child = Child { node, value: None, iteration: None };
                self.agenda.push_back(Action::Start { parent: Some(id.clone()), child });
            }
            self.enter(id, State::Paused, env.now);
            return;
        }
        if let Some(directory) = self.directory_of(node)
            && flowable::sets_up(&directory)
        {
            self.dispatch_directory(id, node, &directory, Stage::Setup, env);
            return;
        }
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }
}

fn is_kv(lookup: &segue_template::Lookup) -> bool {
    matches!(lookup, segue_template::Lookup::Kv { .. } | segue_template::Lookup::KvKeys { .. })
}
