//! The machine: starts children, folds ends, moves levels on, until there is nothing left to do by itself.

use crate::effect::Effect;
use crate::flowable::{self, OpenError, Round, Stage};
use crate::frame::{Child, Frame, Phase};
use crate::inline::{self, Change, InlineCall, InlineError, InlineOutcome};
use crate::plan::{Branch, Node, NodeId};
use crate::retry::next_attempt;
use crate::state::{Action, Env, ExecutionState};
use jiff::Timestamp;
use segue_model::catalog::RunBy;
use segue_model::id::{TaskRunId, friendly_id};
use segue_model::label::set_label;
use segue_model::log::LogLevel;
use segue_model::retry::{Retry, RetryBehavior};
use segue_model::state::{State, StateHistory};
use segue_model::task::{FlowableKind, Task, TaskKind, WorkingDirectory};
use segue_model::task_run::{Attempt, TaskRun};
use segue_model::{Json, Map};
use segue_template::{RenderError, is_truthy};
use serde_json::json;
use std::sync::Arc;

/// The step cannot go on before answers are fetched.
#[derive(Debug)]
pub(crate) struct Blocked;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) state: State,
    pub(crate) outputs: Map,
    pub(crate) error: Option<String>,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl ExecutionState {
    /// Works off the agenda.
    pub(crate) fn work(&mut self, env: &Env) {
        let mut budget = env.budget.max(1);
        while let Some(action) = self.agenda.pop_front() {
            let starts = !matches!(action, Action::Advance { .. });
            if starts && self.notes.paused {
                self.agenda.push_front(action);
                return;
            }
            if starts && budget == 0 {
                self.agenda.push_front(action);
                self.decision.more = true;
                return;
            }
            let done = match &action {
                Action::Start { parent, child } => self.start(parent.as_ref(), child, env),
                Action::Again(id) => self.again(id, env),
                Action::Advance { level, ended } => self.advance(level.as_ref(), *ended, env),
            };
            if done.is_err() {
                self.agenda.push_front(action);
                self.decision.pending = env.lookups.take_pending();
                return;
            }
            budget -= usize::from(starts);
        }
    }

    fn planned(&self, node: NodeId) -> Option<Node> {
        self.plan.node(node).cloned()
    }

    /// The id a child will have.
    fn child_id(&self, parent: Option<&TaskRunId>, task: &Task, child: &Child) -> TaskRunId {
        // A level that runs its children anew (a loop's round, a retried block) counts its epochs.
        let epoch = parent
            .and_then(|id| self.run(id))
            .and_then(|run| run.task_run.memo.get("epoch"))
            .and_then(Json::as_u64)
            .unwrap_or(0);
        let name = if epoch == 0 { task.id.clone() } else { format!("{}#{epoch}", task.id) };
        TaskRunId::derive(&self.execution.id, parent, &name, child.value.as_deref(), child.iteration)
    }

    fn start(&mut self, parent: Option<&TaskRunId>, child: &Child, env: &Env) -> Result<(), Blocked> {
        let Some(node) = self.planned(child.node) else { return Ok(()) };
        let task = node.task.clone();
        let id = self.child_id(parent, &task, child);
        if self.places.contains_key(&id) {
            return Ok(());
        }
        let task_run = TaskRun {
            id: id.clone(),
            task_id: task.id.clone(),
            parent_task_run_id: parent.cloned(),
            value: child.value.clone(),
            iteration: child.iteration,
            attempts: Vec::new(),
            outputs: Map::new(),
            state: StateHistory::new(State::Created, env.now),
            dynamic: false,
            memo: Json::Null,
        };
        if let Some(condition) = &task.run_if {
            let scope = self.scope(&task, &task_run, env);
            match env.renderer.render(condition, &scope) {
                Ok(text) if is_truthy(&text) => {}
                Ok(_) => {
                    self.insert(task_run, Some(child.node));
                    self.finish(&id, State::Skipped, env.now);
                    return Ok(());
                }
                Err(RenderError::Pending) => return Err(Blocked),
                Err(error) => {
                    self.insert(task_run, Some(child.node));
                    self.log(Some(&id), LogLevel::Error, format!("runIf: {error}"), env.now);
                    self.finish(&id, State::Failed, env.now);
                    return Ok(());
                }
            }
        }
        match node.run_by {
            RunBy::Inline => self.run_inline(task_run, child.node, &task, env),
            RunBy::Service(_) => {
                self.insert(task_run, Some(child.node));
                self.dispatch(&id, env);
                Ok(())
            }
            RunBy::Flowable => self.open(task_run, child.node, &task, env),
        }
    }

    /// The next attempt of a task run that waited for it.
    fn again(&mut self, id: &TaskRunId, env: &Env) -> Result<(), Blocked> {
        let Some((task_run, Some(node_id))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return Ok(());
        };
        let Some(node) = self.planned(node_id) else { return Ok(()) };
        match node.run_by {
            RunBy::Inline => self.run_inline(task_run, node_id, &node.task, env),
            RunBy::Service(_) => {
                self.enter(id, State::Created, env.now);
                self.dispatch(id, env);
                Ok(())
            }
            RunBy::Flowable => {
                if self.directory_of(node_id).is_some() {
                    self.reopen_directory(id, env);
                    Ok(())
                } else {
                    self.open(task_run, node_id, &node.task, env)
                }
            }
        }
    }

    fn run_inline(
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
        let outcome = match outcome {
            Err(InlineError::Pending) => return Err(Blocked),
            other => other,
        };
        let id = task_run.id.clone();
        if !self.places.contains_key(&id) {
            self.insert(task_run, Some(node));
        }
        let min_level = task.log_level.unwrap_or(LogLevel::Trace);
        let (logs, ended) = match outcome {
            Ok(InlineOutcome { outputs, warning, logs, changes }) => {
                self.apply(changes, env);
                let state = if warning { State::Warning } else { State::Success };
                (logs, (state, outputs, None))
            }
            Err(InlineError::Failed { message, logs }) => (logs, (State::Failed, Map::new(), Some(message))),
            Err(InlineError::Pending) => return Err(Blocked),
        };
        for (level, message) in logs.into_iter().filter(|(level, _)| *level >= min_level) {
            self.log(Some(&id), level, message, env.now);
        }
        let (state, outputs, error) = ended;
        self.end_attempt(&id, Ended { state, outputs, error, start: env.now, end: env.now }, env);
        Ok(())
    }

    fn apply(&mut self, changes: Vec<Change>, env: &Env) {
        for change in changes {
            match change {
                Change::Labels(labels) => {
                    for label in labels {
                        set_label(&mut self.execution.labels, label);
                    }
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
                    // What was read before is no longer true; the next read waits for the commit.
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

    /// Folds the end of an attempt in: a retry, or the end of the task run.
    pub(crate) fn end_attempt(&mut self, id: &TaskRunId, ended: Ended, env: &Env) {
        let Some(run) = self.run_mut(id) else { return };
        let mut history = StateHistory::new(State::Created, run.task_run.state.start_date());
        history.enter(State::Running, ended.start);
        history.enter(ended.state, ended.end);
        run.task_run.attempts.push(Attempt { state: history, log_file: None });
        run.task_run.state.enter(State::Running, ended.start);
        run.task_run.outputs = ended.outputs;
        if let Some(error) = ended.error {
            self.log(Some(id), LogLevel::Error, error, ended.end);
        }
        if ended.state == State::Failed && self.notes.exit.is_none() {
            if let Some(due) = self.retry_date(id, ended.end) {
                self.wait_for_retry(id, due, env);
                return;
            }
            if let Some(due) = self.replay_date(id, ended.end) {
                self.retire(due, env);
                return;
            }
        }
        self.finish(id, ended.state, ended.end);
    }

    /// The retry policy of a task run: its own, else the nearest flowable's above it, else the flow's.
    fn retry_policy(&self, id: &TaskRunId) -> Option<Retry> {
        let mut node = self.run(id).and_then(|run| run.node).and_then(|node| self.plan.node(node))?;
        if let Some(retry) = &node.task.retry {
            return Some(retry.clone());
        }
        while let Some(parent) = node.parent.and_then(|parent| self.plan.node(parent)) {
            let is_block = matches!(&parent.task.kind, TaskKind::Flowable(flowable)
                if matches!(flowable.kind, FlowableKind::WorkingDirectory(_)));
            match &parent.task.retry {
                // A working directory is tried again as a whole.
                Some(_) if is_block => return None,
                Some(retry) => return Some(retry.clone()),
                None => node = parent,
            }
        }
        self.plan.flow.retry.clone()
    }

    /// When a task run that failed is tried again.
    fn retry_date(&self, id: &TaskRunId, now: Timestamp) -> Option<Timestamp> {
        let retry = self.retry_policy(id)?;
        if retry.behavior == RetryBehavior::CreateNewExecution {
            return None;
        }
        let run = &self.run(id)?.task_run;
        let attempts = u32::try_from(run.attempts.len()).unwrap_or(u32::MAX);
        let first = run.attempts.first().map_or(now, |attempt| attempt.state.start_date());
        let chance = friendly_id(&[id.as_str(), &attempts.to_string()])
            .bytes()
            .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        next_attempt(&retry, attempts, first, now, f64::from(chance) / (f64::from(u32::MAX) + 1.0))
    }

    /// When the whole flow is tried again because of a task run that failed.
    fn replay_date(&self, id: &TaskRunId, now: Timestamp) -> Option<Timestamp> {
        let retry = self.retry_policy(id)?;
        if retry.behavior != RetryBehavior::CreateNewExecution {
            return None;
        }
        let metadata = &self.execution.metadata;
        next_attempt(&retry, metadata.attempt_number, metadata.original_created_date, now, 0.5)
    }

    /// The execution is superseded by a new one at that date.
    fn retire(&mut self, due: Timestamp, env: &Env) {
        self.stop_all(State::Retried, None, env.now);
        self.effect(Effect::SetTimer { key: "replay".into(), due });
    }

    fn wait_for_retry(&mut self, id: &TaskRunId, due: Timestamp, env: &Env) {
        let attempts = self.run(id).map_or(0, |run| run.task_run.attempts.len());
        self.enter(id, State::Retrying, env.now);
        if let Some(run) = self.run_mut(id) {
            set_memo(&mut run.task_run.memo, "retry", json!(due));
        }
        self.effect(Effect::SetTimer { key: format!("retry:{id}:{attempts}"), due });
    }

    /// A task run has its final state: its level is told.
    pub(crate) fn finish(&mut self, id: &TaskRunId, state: State, now: Timestamp) {
        let Some(run) = self.run(id) else { return };
        if run.task_run.current().is_terminal() {
            return;
        }
        let (parent, iteration) = (run.task_run.parent_task_run_id.clone(), run.task_run.iteration);
        let Some(node) = run.node else { return };
        let Some(planned) = self.planned(node) else { return };
        let task = &planned.task;
        let mut state = state;
        if state == State::Success
            && run.task_run.attempts.len() > 1
            && self.retry_policy(id).is_some_and(|retry| retry.warning_on_retry)
        {
            state = State::Warning;
        }
        if state == State::Failed && task.allow_failure {
            state = State::Warning;
        }
        if state == State::Warning && task.allow_warning {
            state = State::Success;
        }
        self.enter(id, state, now);
        self.frames.remove(id);
        if state != State::Skipped
            && let Some(run) = self.run(id)
        {
            self.outputs.set(&run.task_run.task_id, &run.chain, &run.task_run.outputs);
        }
        let plan = self.plan.clone();
        if let Some(frame) = self.frame_mut(parent.as_ref()) {
            frame.child_ended(&plan, node, iteration, state);
            let ended = iteration.map(|iteration| (iteration, planned.place));
            self.agenda.push_back(Action::Advance { level: parent, ended });
        }
        if let Some(exit) = self.notes.exit {
            self.stop_all(exit, Some(id), now);
        }
    }

    /// Sends a task run to its service.
    pub(crate) fn dispatch(&mut self, id: &TaskRunId, env: &Env) {
        let Some((task_run, Some(node_id))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return;
        };
        let Some(node) = self.planned(node_id) else { return };
        let (RunBy::Service(service), TaskKind::Plugin { properties }) = (node.run_by, &node.task.kind) else {
            return;
        };
        let properties = if node.task.type_name == flowable::MERGE {
            flowable::properties_of_merge(self, &task_run)
        } else {
            properties.clone()
        };
        let scope = self.scope(&node.task, &task_run, env);
        let mut reach = properties.clone();
        if let Some(timeout) = &node.task.timeout {
            reach.insert("timeout".into(), json!(timeout));
        }
        let context = self.json_context(&scope, &reach);
        let dispatch = crate::effect::Dispatch {
            service,
            task_run_id: id.clone(),
            attempt: task_run.ended_attempts(),
            task_id: node.task.id.clone(),
            task_type: node.task.type_name.clone(),
            properties,
            context,
            timeout: node.task.timeout.clone(),
            log_level: node.task.log_level,
            log_to_file: node.task.log_to_file,
            working_directory: self.directory_name(&task_run),
        };
        self.effect(Effect::DispatchTaskRun(Box::new(dispatch)));
    }

    fn open(
        &mut self,
        task_run: TaskRun,
        node: NodeId,
        task: &Arc<Task>,
        env: &Env,
    ) -> Result<(), Blocked> {
        let scope = self.scope(task, &task_run, env);
        let opened = flowable::open(self, node, &task_run, &scope, env);
        if matches!(opened, Err(OpenError::Pending)) {
            return Err(Blocked);
        }
        let id = task_run.id.clone();
        if !self.places.contains_key(&id) {
            self.insert(task_run, Some(node));
        }
        let opened = match opened {
            Ok(opened) => opened,
            Err(OpenError::Pending) => return Err(Blocked),
            Err(OpenError::Failed(message)) => {
                let now = env.now;
                let ended =
                    Ended { state: State::Failed, outputs: Map::new(), error: Some(message), start: now, end: now };
                self.end_attempt(&id, ended, env);
                return Ok(());
            }
        };
        self.enter(&id, State::Running, env.now);
        if let Some(run) = self.run_mut(&id) {
            run.task_run.outputs = opened.outputs;
            let epoch = run.task_run.memo.get("epoch").cloned();
            run.task_run.memo = opened.memo;
            if let Some(epoch) = epoch {
                set_memo(&mut run.task_run.memo, "epoch", epoch);
            }
        }
        // Children may read what the flowable gave out at its start.
        if let Some(run) = self.run(&id)
            && !run.task_run.outputs.is_empty()
        {
            self.outputs.set(&run.task_run.task_id, &run.chain, &run.task_run.outputs);
        }
        if let Some(text) = opened.warning {
            self.log(Some(&id), LogLevel::Warn, text, env.now);
        }
        if let Some(due) = opened.timer {
            self.effect(Effect::SetTimer { key: format!("due:{id}"), due });
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
        if let Some(order) = flowable::order(&self.plan, node, &memo) {
            self.frames.insert(id.clone(), Frame::new(order));
            self.begin_level(&id, node, opened.state, env);
        }
        Ok(())
    }

    fn begin_level(&mut self, id: &TaskRunId, node: NodeId, state: State, env: &Env) {
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

    /// The properties of a task that is a working directory.
    pub(crate) fn directory_of(&self, node: NodeId) -> Option<WorkingDirectory> {
        match &self.plan.node(node)?.task.kind {
            TaskKind::Flowable(flowable) => match &flowable.kind {
                FlowableKind::WorkingDirectory(directory) => Some((**directory).clone()),
                _ => None,
            },
            TaskKind::Plugin { .. } => None,
        }
    }

    /// The name of the directory that a task run shares with its siblings.
    fn directory_name(&self, task_run: &TaskRun) -> Option<String> {
        let mut next = task_run.parent_task_run_id.as_ref();
        while let Some(run) = next.and_then(|id| self.run(id)) {
            if run.node.is_some_and(|node| self.directory_of(node).is_some()) {
                return Some(own_directory(&run.task_run));
            }
            next = run.task_run.parent_task_run_id.as_ref();
        }
        None
    }

    pub(crate) fn dispatch_directory(
        &mut self,
        id: &TaskRunId,
        node: NodeId,
        directory: &WorkingDirectory,
        stage: Stage,
        env: &Env,
    ) {
        let Some(task) = self.plan.node(node).map(|node| node.task.clone()) else { return };
        let Some(run) = self.run_mut(id) else { return };
        set_memo(&mut run.task_run.memo, "stage", json!(stage.name()));
        let task_run = run.task_run.clone();
        let epoch = task_run.memo.get("epoch").and_then(Json::as_u64).unwrap_or(0);
        let attempt = epoch * 2 + u64::from(stage == Stage::Collect);
        let scope = self.scope(&task, &task_run, env);
        let context = self.json_context(&scope, &directory.properties);
        let dispatch = flowable::directory_dispatch(
            &task,
            directory,
            stage,
            id.clone(),
            u32::try_from(attempt).unwrap_or(u32::MAX),
            context,
            own_directory(&task_run),
        );
        self.effect(Effect::DispatchTaskRun(Box::new(dispatch)));
    }

    /// A working directory begins again, clean.
    fn reopen_directory(&mut self, id: &TaskRunId, env: &Env) {
        self.remove_below(id);
        let Some(run) = self.run_mut(id) else { return };
        let epoch = run.task_run.memo.get("epoch").and_then(Json::as_u64).unwrap_or(0) + 1;
        run.task_run.memo = json!({"epoch": epoch});
        let Some(node) = run.node else { return };
        self.enter(id, State::Running, env.now);
        if let Some(order) = flowable::order(&self.plan, node, &Json::Null) {
            self.frames.insert(id.clone(), Frame::new(order));
        }
        self.begin_level(id, node, State::Running, env);
    }

    /// Takes away every task run below one.
    pub(crate) fn remove_below(&mut self, id: &TaskRunId) {
        let mut above = std::collections::HashSet::from([id.clone()]);
        let mut gone = Vec::new();
        for run in self.runs.values() {
            if run.task_run.parent_task_run_id.as_ref().is_some_and(|parent| above.contains(parent)) {
                above.insert(run.task_run.id.clone());
                gone.push(run.task_run.id.clone());
            }
        }
        for id in gone {
            self.remove(&id);
        }
    }

    /// Moves a level on.
    fn advance(
        &mut self,
        level: Option<&TaskRunId>,
        ended: Option<(u64, usize)>,
        env: &Env,
    ) -> Result<(), Blocked> {
        loop {
            let waits = level.is_some_and(|id| self.is_waiting(id));
            let node = level.and_then(|id| self.run(id)).and_then(|run| run.node);
            let plan = self.plan.clone();
            let Some(frame) = self.frame_mut(level) else { return Ok(()) };
            let children: Vec<Child> = match frame.phase {
                Phase::Closed => return Ok(()),
                Phase::Main => {
                    if waits {
                        return Ok(());
                    }
                    if frame.main.is_broken() {
                        Vec::new()
                    } else {
                        frame.next(ended.as_slice())
                    }
                }
                Phase::Errors => {
                    let together = matches!(
                        frame.order,
                        crate::frame::Order::Parallel { .. } | crate::frame::Order::Dag { .. }
                    );
                    following(plan.list(node, Branch::Errors), &frame.errors, together)
                }
                Phase::Finally => following(plan.list(node, Branch::Finally), &frame.last, false),
                Phase::After => following(plan.list(node, Branch::After), &frame.after, false),
            };
            for child in &children {
                frame.child_started(&plan, child.node, child.iteration);
            }
            let phase = frame.phase;
            if frame.tally(phase).running > 0 {
                for child in children {
                    self.agenda.push_back(Action::Start { parent: level.cloned(), child });
                }
                return Ok(());
            }
            self.next_phase(level, node, env)?;
        }
    }

    /// Whether a level's children must not start: a pause, or files being laid out or collected.
    fn is_waiting(&self, id: &TaskRunId) -> bool {
        let Some(run) = self.run(id) else { return false };
        run.task_run.current() == State::Paused
            || run.node.is_some_and(|node| self.directory_of(node).is_some())
                && Stage::of(&run.task_run.memo) != Stage::Children
    }

    /// The stage of a level is done.
    fn next_phase(
        &mut self,
        level: Option<&TaskRunId>,
        node: Option<NodeId>,
        env: &Env,
    ) -> Result<(), Blocked> {
        let has_errors = !self.plan.list(node, Branch::Errors).is_empty();
        let Some(frame) = self.frame_mut(level) else { return Ok(()) };
        match frame.phase {
            Phase::Main if frame.main.has_failed() && has_errors => frame.phase = Phase::Errors,
            Phase::Main if frame.main.is_broken() => frame.phase = Phase::Finally,
            Phase::Main => {
                if let (Some(id), Some(node)) = (level, node) {
                    if !self.after_main(id, node, env)? {
                        return Ok(());
                    }
                }
                if let Some(frame) = self.frame_mut(level) {
                    frame.phase = Phase::Finally;
                }
            }
            Phase::Errors => frame.phase = Phase::Finally,
            Phase::Finally => return self.close(level, env),
            Phase::After | Phase::Closed => frame.phase = Phase::Closed,
        }
        Ok(())
    }

    /// What a flowable does once its children went well; false where it goes on with its children or waits.
    fn after_main(&mut self, id: &TaskRunId, node: NodeId, env: &Env) -> Result<bool, Blocked> {
        let Some(task) = self.plan.node(node).map(|node| node.task.clone()) else { return Ok(true) };
        let TaskKind::Flowable(flowable) = &task.kind else { return Ok(true) };
        let Some(task_run) = self.run(id).map(|run| run.task_run.clone()) else { return Ok(true) };
        match &flowable.kind {
            FlowableKind::WorkingDirectory(directory) => {
                if flowable::collects(directory) && task_run.memo.get("collected").is_none() {
                    self.dispatch_directory(id, node, directory, Stage::Collect, env);
                    return Ok(false);
                }
                Ok(true)
            }
            FlowableKind::LoopUntil(until) => {
                let scope = self.scope(&task, &task_run, env);
                match flowable::next_round(until, &task_run.memo, &scope, env) {
                    Ok(Round::Done) => Ok(true),
                    Ok(Round::Next(due)) => {
                        self.enter(id, State::Paused, env.now);
                        if let Some(run) = self.run_mut(id) {
                            set_memo(&mut run.task_run.memo, "next", json!(due));
                        }
                        self.effect(Effect::SetTimer { key: format!("round:{id}"), due });
                        Ok(false)
                    }
                    Ok(Round::Bound(text)) => {
                        self.log(Some(id), LogLevel::Warn, text, env.now);
                        if until.fail_on_max_reached {
                            self.force(id, State::Failed);
                        }
                        Ok(true)
                    }
                    Err(OpenError::Pending) => Err(Blocked),
                    Err(OpenError::Failed(message)) => {
                        self.log(Some(id), LogLevel::Error, message, env.now);
                        self.force(id, State::Failed);
                        Ok(true)
                    }
                }
            }
            _ => Ok(true),
        }
    }

    /// The state a flowable will end in, whatever its children say.
    pub(crate) fn force(&mut self, id: &TaskRunId, state: State) {
        if let Some(run) = self.run_mut(id) {
            set_memo(&mut run.task_run.memo, "forced", json!(state));
        }
    }

    /// A level is over.
    fn close(&mut self, level: Option<&TaskRunId>, env: &Env) -> Result<(), Blocked> {
        let Some(frame) = self.frame_mut(level) else { return Ok(()) };
        let mut state = frame.main.state();
        if frame.last.has_failed() && state != State::Killed {
            state = State::Failed;
        }
        let Some(id) = level else { return self.end_execution(state, env) };
        frame.phase = Phase::Closed;
        let Some(run) = self.run(id) else { return Ok(()) };
        let forced = run.task_run.memo.get("forced").and_then(Json::as_str).and_then(State::parse);
        let state = forced.unwrap_or(state);
        let node = run.node;
        let is = |wanted: fn(&FlowableKind) -> bool| {
            node.and_then(|node| self.plan.node(node)).is_some_and(|node| match &node.task.kind {
                TaskKind::Flowable(flowable) => wanted(&flowable.kind),
                TaskKind::Plugin { .. } => false,
            })
        };
        let state = match state {
            State::Failed if is(|kind| matches!(kind, FlowableKind::AllowFailure { .. })) => State::Warning,
            state => state,
        };
        let is_block = is(|kind| matches!(kind, FlowableKind::WorkingDirectory(_)));
        let start = run.task_run.state.start_date();
        let outputs = run.task_run.outputs.clone();
        let id = id.clone();
        if is_block {
            let ended = Ended { state, outputs, error: None, start, end: env.now };
            self.end_attempt(&id, ended, env);
        } else {
            if let Some(run) = self.run_mut(&id) {
                let mut history = StateHistory::new(State::Created, start);
                history.enter(State::Running, start);
                history.enter(state, env.now);
                run.task_run.attempts.push(Attempt { state: history, log_file: None });
            }
            self.finish(&id, state, env.now);
        }
        Ok(())
    }
}

/// Whether a task is a flowable of some kind.
fn is_kind(task: &Task, wanted: fn(&FlowableKind) -> bool) -> bool {
    match &task.kind {
        TaskKind::Flowable(flowable) => wanted(&flowable.kind),
        TaskKind::Plugin { .. } => false,
    }
}

/// The name of a working directory: its task run and epoch, so that a retry begins clean.
fn own_directory(task_run: &TaskRun) -> String {
    let epoch = task_run.memo.get("epoch").and_then(Json::as_u64).unwrap_or(0);
    format!("{}-{epoch}", task_run.id)
}

/// Sets one entry of a memo.
pub(crate) fn set_memo(memo: &mut Json, key: &str, value: Json) {
    if !memo.is_object() {
        *memo = Json::Object(Map::new());
    }
    if let Json::Object(map) = memo {
        map.insert(key.to_owned(), value);
    }
}

fn following(list: &[NodeId], tally: &crate::frame::Tally, together: bool) -> Vec<Child> {
    if tally.running > 0 {
        return Vec::new();
    }
    let take = if together { list.len() } else { 1 };
    list.iter()
        .skip(tally.started)
        .take(take)
        .map(|node| Child { node: *node, value: None, iteration: None })
        .collect()
}

fn is_kv(lookup: &segue_template::Lookup) -> bool {
    matches!(lookup, segue_template::Lookup::Kv { .. } | segue_template::Lookup::KvKeys { .. })
}
