//! Advances a level: its tasks, its `errors`, its `finally`, and the actions of a flowable after its children
//! (docs/kestra.md 2.3).

use crate::attempt::Ended;
use crate::env::Env;
use crate::flowable::{self, OpenError, Round};
use crate::frame::{Child, Phase};
use crate::kind::is_kind;
use crate::machine::Blocked;
use crate::memo;
use crate::plan::{Branch, NodeId};
use crate::stage::Stage;
use crate::state::{Action, ExecutionState};
use crate::timeout::has_timed_out;
use crate::timer::TimerKey;
use segue_model::id::TaskRunId;
use segue_model::log::LogLevel;
use segue_model::state::{State, StateHistory};
use segue_model::task::{FlowableKind, TaskKind};
use segue_model::task_run::Attempt;
use serde_json::json;

impl ExecutionState {
    /// Starts the next children of a level, or ends its current stage.
    pub(crate) fn advance(
        &mut self,
        level: Option<&TaskRunId>,
        ended: Option<(u64, usize)>,
        env: &Env,
    ) -> Result<(), Blocked> {
        loop {
            let waits = level.is_some_and(|id| self.is_waiting(id));
            let is_out_of_time = self.is_out_of_time(level);
            let node = level.and_then(|id| self.run(id)).and_then(|run| run.node);
            let plan = self.plan.clone();
            let Some(frame) = self.frame_mut(level) else { return Ok(()) };
            let children: Vec<Child> = match frame.phase {
                Phase::Closed => return Ok(()),
                Phase::Main => {
                    if waits {
                        return Ok(());
                    }
                    if frame.is_stopped() || is_out_of_time {
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

    /// Whether the children of a level must not start: the level is paused, or its files are being written or
    /// collected.
    pub(crate) fn is_waiting(&self, id: &TaskRunId) -> bool {
        let Some(run) = self.run(id) else { return false };
        run.task_run.current() == State::Paused
            || run.node.is_some_and(|node| self.directory_of(node).is_some())
                && memo::STAGE.get(&run.task_run.memo).unwrap_or_default() != Stage::Children
    }

    /// Whether the timeout of a level stopped its children.
    fn is_out_of_time(&self, level: Option<&TaskRunId>) -> bool {
        level.and_then(|id| self.run(id)).is_some_and(|run| has_timed_out(&run.task_run.memo))
    }

    /// Ends the current stage of a level, and begins the next stage.
    pub(crate) fn next_phase(
        &mut self,
        level: Option<&TaskRunId>,
        node: Option<NodeId>,
        env: &Env,
    ) -> Result<(), Blocked> {
        let has_errors = !self.plan.list(node, Branch::Errors).is_empty();
        let is_out_of_time = self.is_out_of_time(level);
        let Some(frame) = self.frame_mut(level) else { return Ok(()) };
        let is_main = frame.phase == Phase::Main;
        let is_broken = frame.main.is_broken() || is_out_of_time;
        if let (true, Some(id), Some(node)) = (is_main, level, node)
            && self.collect_directory(id, node, is_broken, env)
        {
            return Ok(());
        }
        let Some(frame) = self.frame_mut(level) else { return Ok(()) };
        match frame.phase {
            Phase::Main if has_errors && (frame.main.has_failed() || is_out_of_time) => {
                frame.phase = Phase::Errors;
            }
            Phase::Main if is_broken => frame.phase = Phase::Finally,
            Phase::Main => {
                if let (Some(id), Some(node)) = (level, node)
                    && !self.after_main(id, node, env)?
                {
                    return Ok(());
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

    /// Runs the actions of a flowable after its children succeeded. Returns false if the flowable runs children again
    /// or waits.
    pub(crate) fn after_main(&mut self, id: &TaskRunId, node: NodeId, env: &Env) -> Result<bool, Blocked> {
        let Some(task) = self.plan.node(node).map(|node| node.task.clone()) else { return Ok(true) };
        let TaskKind::Flowable(flowable) = &task.kind else { return Ok(true) };
        let Some(task_run) = self.run(id).map(|run| run.task_run.clone()) else { return Ok(true) };
        match &flowable.kind {
            FlowableKind::LoopUntil(until) => {
                let scope = self.scope(&task, &task_run, env);
                match flowable::next_round(until, &task_run.memo, &scope, env) {
                    Ok(Round::Done) => Ok(true),
                    Ok(Round::Next(due)) => {
                        self.enter(id, State::Paused, env.now);
                        if let Some(run) = self.run_mut(id) {
                            memo::NEXT.set(&mut run.task_run.memo, &due);
                        }
                        self.set_timer(&TimerKey::Round(id.clone()), due);
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

    /// Sets the final state of a flowable, independent of the states of its children.
    pub(crate) fn force(&mut self, id: &TaskRunId, state: State) {
        if let Some(run) = self.run_mut(id) {
            memo::FORCED.set(&mut run.task_run.memo, &state);
        }
    }

    /// Ends a level.
    pub(crate) fn close(&mut self, level: Option<&TaskRunId>, env: &Env) -> Result<(), Blocked> {
        let Some(frame) = self.frame_mut(level) else { return Ok(()) };
        let mut state = frame.main.state();
        if frame.last.has_failed() && state != State::Killed {
            state = State::Failed;
        }
        let Some(id) = level else { return self.end_execution(state, env) };
        let state = self.close_loop(id, state, env)?;
        if let Some(frame) = self.frame_mut(level) {
            frame.phase = Phase::Closed;
        }
        let Some(run) = self.run(id) else { return Ok(()) };
        let forced = memo::FORCED.get(&run.task_run.memo);
        let state = forced.unwrap_or(state);
        let node = run.node.and_then(|node| self.plan.node(node));
        let is = |wanted| node.is_some_and(|node| is_kind(&node.task, wanted));
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

    /// Computes the outputs and the state of a finished Loop. The state of any other flowable does not change.
    fn close_loop(&mut self, id: &TaskRunId, state: State, env: &Env) -> Result<State, Blocked> {
        let node = self.run(id).and_then(|run| run.node);
        let Some(options) = node.and_then(|node| self.loop_options(node)) else { return Ok(state) };
        let (state, outputs) = match self.loop_outputs(id, &options, env) {
            Ok(outputs) => (state, outputs),
            Err(OpenError::Pending) => return Err(Blocked),
            Err(OpenError::Failed(message)) => {
                self.log(Some(id), LogLevel::Error, message, env.now);
                self.force(id, State::Failed);
                (state, Default::default())
            }
        };
        if let Some(run) = self.run_mut(id) {
            run.task_run.outputs = outputs;
        }
        Ok(if state == State::Failed && !options.transmit_failed { State::Success } else { state })
    }

    pub(crate) fn begin_round(&mut self, id: &TaskRunId, env: &Env) {
        self.remove_below_keeping_frame(id);
        let Some(run) = self.run_mut(id) else { return };
        let memo = &mut run.task_run.memo;
        let round = memo::ROUND.get(memo).unwrap_or(1) + 1;
        let epoch = memo::EPOCH.get(memo).unwrap_or(0) + 1;
        memo::ROUND.set(memo, &round);
        memo::EPOCH.set(memo, &epoch);
        memo::NEXT.clear(memo);
        run.task_run.outputs.insert("iterationCount".into(), json!(round));
        let (task, chain, outputs) =
            (run.task_run.task_id.clone(), run.chain.clone(), run.task_run.outputs.clone());
        self.outputs.set(&task, &chain, &outputs);
        self.enter(id, State::Running, env.now);
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }

    pub(crate) fn remove_below_keeping_frame(&mut self, id: &TaskRunId) {
        let frame = self.frames.remove(id);
        self.remove_below(id);
        if let Some(mut frame) = frame {
            frame.new_round();
            self.frames.insert(id.clone(), frame);
        }
    }

    /// Removes every task run below a task run.
    pub(crate) fn remove_below(&mut self, id: &TaskRunId) {
        for id in self.below(id) {
            self.remove(&id);
        }
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
