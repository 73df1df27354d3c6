//! The end of an attempt: another attempt, or the end of the task run (docs/kestra.md 2.3, 2.4).

use crate::env::Env;
use crate::memo;
use crate::retry::next_attempt;
use crate::state::{Action, ExecutionState};
use crate::timer::TimerKey;
use jiff::Timestamp;
use segue_model::catalog::RunBy;
use segue_model::event::{Metric, TaskRunResult};
use segue_model::execution::log_file_path;
use segue_model::id::{TaskRunId, friendly_id};
use segue_model::log::LogLevel;
use segue_model::retry::{Retry, RetryBehavior};
use segue_model::state::{State, StateHistory};
use segue_model::task::{FlowableKind, TaskKind};
use segue_model::task_run::Attempt;
use segue_model::{Json, Map, metric};

/// The result of an attempt.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) state: State,
    pub(crate) outputs: Map,
    pub(crate) error: Option<String>,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl ExecutionState {
    /// Applies the end of an attempt: a retry, or the end of the task run.
    pub(crate) fn end_attempt(&mut self, id: &TaskRunId, ended: Ended, env: &Env) {
        let log_file = self.log_file(id);
        let Some(run) = self.run_mut(id) else { return };
        let mut history = StateHistory::new(State::Created, run.task_run.state.start_date());
        history.enter(State::Running, ended.start);
        history.enter(ended.state, ended.end);
        run.task_run.attempts.push(Attempt { state: history, log_file });
        // A pause that is over has run before it was paused.
        if run.task_run.current() != State::Paused {
            run.task_run.state.enter(State::Running, ended.start);
        }
        // Secrets that were read in this step are masked. A service has already masked its outputs.
        let mut outputs = Json::Object(ended.outputs);
        env.lookups.mask(&mut outputs);
        run.task_run.outputs = outputs.as_object_mut().map(std::mem::take).unwrap_or_default();
        if let Some(error) = ended.error {
            self.log(Some(id), LogLevel::Error, error, ended.end);
        }
        if ended.state == State::Failed && self.notes.exit.is_none() {
            let attempts = self.run(id).map_or(0, |run| run.task_run.attempts.len());
            if let Some(due) = self.retry_date(id, attempts, ended.end) {
                self.wait_for_retry(id, due, env);
                return;
            }
            if let Some(due) = self.replay_date(id, ended.end) {
                self.enter(id, State::Retried, ended.end);
                self.retire(due, env);
                return;
            }
        }
        self.finish(id, ended.state, ended.end);
    }

    /// The file in which a service stored the log of the attempt that ends now. None without `logToFile`.
    fn log_file(&self, id: &TaskRunId) -> Option<String> {
        let run = self.run(id)?;
        let node = self.plan.node(run.node?)?;
        if !node.task.log_to_file || !matches!(node.run_by, RunBy::Service(_)) {
            return None;
        }
        let (execution, task_run) = (&self.execution, &run.task_run);
        let path = log_file_path(
            &execution.namespace,
            &execution.flow_id,
            &execution.id,
            (&task_run.task_id, &task_run.id),
            task_run.ended_attempts(),
        );
        Some(format!("kestra:///{path}"))
    }

    /// The retry policy of a task run. It is the policy of the task, or of the nearest flowable above it with a policy,
    /// or of the flow.
    pub(crate) fn retry_policy(&self, id: &TaskRunId) -> Option<Retry> {
        let mut node = self.run(id).and_then(|run| run.node).and_then(|node| self.plan.node(node))?;
        if let Some(retry) = &node.task.retry {
            return Some(retry.clone());
        }
        while let Some(parent) = node.parent.and_then(|parent| self.plan.node(parent)) {
            let is_block = matches!(&parent.task.kind, TaskKind::Flowable(flowable)
                if matches!(flowable.kind, FlowableKind::WorkingDirectory(_)));
            match &parent.task.retry {
                // A working directory is retried as a whole.
                Some(_) if is_block => return None,
                Some(retry) => return Some(retry.clone()),
                None => node = parent,
            }
        }
        self.plan.flow.retry.clone()
    }

    /// The time of the next attempt of a failed task run, after this many attempts. None if there is no other
    /// attempt.
    pub(crate) fn retry_date(&self, id: &TaskRunId, attempts: usize, now: Timestamp) -> Option<Timestamp> {
        let retry = self.retry_policy(id)?;
        if retry.behavior == RetryBehavior::CreateNewExecution {
            return None;
        }
        let run = &self.run(id)?.task_run;
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        let first = run.attempts.first().map_or(run.state.start_date(), |first| first.state.start_date());
        let chance = friendly_id(&[id.as_str(), &attempts.to_string()])
            .bytes()
            .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        next_attempt(&retry, attempts, first, now, f64::from(chance) / (f64::from(u32::MAX) + 1.0))
    }

    /// The time at which the whole flow is retried because a task run failed. None if it is not retried.
    pub(crate) fn replay_date(&self, id: &TaskRunId, now: Timestamp) -> Option<Timestamp> {
        let retry = self.retry_policy(id)?;
        if retry.behavior != RetryBehavior::CreateNewExecution {
            return None;
        }
        let metadata = &self.execution.metadata;
        next_attempt(&retry, metadata.attempt_number, metadata.original_created_date, now, 0.5)
    }

    /// A new execution replaces this execution at the time `due`.
    pub(crate) fn retire(&mut self, due: Timestamp, env: &Env) {
        self.stop_all(State::Retried, None, true, env.now);
        self.set_timer(&TimerKey::Replay, due);
    }

    pub(crate) fn wait_for_retry(&mut self, id: &TaskRunId, due: Timestamp, env: &Env) {
        let attempts = self.run(id).map_or(0, |run| run.task_run.attempts.len());
        self.stop_clock(id);
        self.frames.remove(id);
        self.enter(id, State::Retrying, env.now);
        if let Some(run) = self.run_mut(id) {
            memo::RETRY.set(&mut run.task_run.memo, &due);
        }
        self.set_timer(&TimerKey::Retry(id.clone(), attempts), due);
    }

    /// Sets the final state of a task run, and informs the level of the task run.
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
        self.stop_clock(id);
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
            let ended = iteration.map(|iteration| (iteration, planned.position));
            self.agenda.push_back(Action::Advance { level: parent, ended });
        }
        if let Some(exit) = self.notes.exit {
            let above = self.above(id);
            self.stop_all(exit, Some(&above), true, now);
        }
    }

    /// Stores the metrics of an attempt. They replace the metrics of the attempt before.
    pub(crate) fn record_metrics(&mut self, id: &TaskRunId, metrics: &[Metric]) {
        if metrics.is_empty() {
            return;
        }
        let Some(run) = self.run_mut(id) else { return };
        let mut stored = Map::new();
        for reported in metrics {
            metric::record(&mut stored, reported);
        }
        memo::METRICS.set(&mut run.task_run.memo, &stored);
    }

    pub(crate) fn task_run_finished(&mut self, result: &TaskRunResult, env: &Env) {
        let Some((task_run, Some(node))) =
            self.run(&result.task_run_id).map(|run| (run.task_run.clone(), run.node))
        else {
            return;
        };
        if task_run.current().is_terminal() {
            return self.look_again(env);
        }
        if self.directory_of(node).is_some() {
            return self.directory_finished(result, env);
        }
        if task_run.ended_attempts() != result.attempt
            || !matches!(task_run.current(), State::Created | State::Restarted | State::Running)
        {
            return self.look_again(env);
        }
        for dynamic in &result.dynamic {
            if !self.positions.contains_key(&dynamic.id) {
                self.insert(dynamic.clone(), None);
            }
        }
        self.record_metrics(&result.task_run_id, &result.metrics);
        let ended = Ended {
            state: result.state,
            outputs: result.outputs.clone(),
            // The service has written the error into the log itself.
            error: None,
            start: result.start_date,
            end: result.end_date,
        };
        self.end_attempt(&result.task_run_id, ended, env);
    }
}
