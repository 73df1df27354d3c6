//! The timeout of a flowable. It includes the children and the waiting (docs/kestra.md 1.3). For other tasks, the
//! service checks it. A Pause has its own date.

use crate::attempt::Ended;
use crate::env::Env;
use crate::flowable::OpenError;
use crate::frame::Phase;
use crate::kind::is_kind;
use crate::memo;
use crate::state::{Action, ExecutionState};
use crate::timer::TimerKey;
use jiff::{SignedDuration, Timestamp};
use segue_model::duration::{iso_duration, parse_duration};
use segue_model::id::TaskRunId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, Task};
use segue_model::{Json, Map};
use segue_template::Scope;
use std::collections::HashSet;

/// The timeout of a flowable, rendered at its start; `None` if it has no timeout.
pub(crate) fn limit(task: &Task, scope: &Scope, env: &Env) -> Result<Option<SignedDuration>, OpenError> {
    let Some(template) = &task.timeout else { return Ok(None) };
    if is_kind(task, |kind| matches!(kind, FlowableKind::Pause(_))) {
        return Ok(None);
    }
    let text = env.renderer.render(template, scope)?;
    parse_duration(text.trim()).map(Some).map_err(|error| OpenError::Failed(format!("timeout: {error}")))
}

/// Whether the timeout of a flowable has stopped its children.
pub(crate) fn has_timed_out(memo: &Json) -> bool {
    memo::TIMED_OUT.get(memo) == Some(true)
}

impl ExecutionState {
    /// Starts the timeout of a flowable's attempt. The limit is stored for the attempt after a restart.
    pub(crate) fn start_clock(&mut self, id: &TaskRunId, limit: SignedDuration, env: &Env) {
        let due = env.now.checked_add(limit).unwrap_or(Timestamp::MAX);
        let Some(run) = self.run_mut(id) else { return };
        memo::LIMIT.set(&mut run.task_run.memo, &limit);
        memo::UNTIL.set(&mut run.task_run.memo, &due);
        self.set_timer(&TimerKey::Timeout(id.clone()), due);
    }

    /// Clears the timeout of a flowable after its attempt has ended.
    pub(crate) fn stop_clock(&mut self, id: &TaskRunId) {
        if let Some(run) = self.run_mut(id)
            && memo::UNTIL.is_set(&run.task_run.memo)
        {
            memo::UNTIL.clear(&mut run.task_run.memo);
            self.clear_timer(&TimerKey::Timeout(id.clone()));
        }
    }

    /// Applies the timer of a flowable's timeout. If the timer was set again in the meantime, nothing happens.
    pub(crate) fn time_is_over(&mut self, id: &TaskRunId, env: &Env) {
        let Some(run) = self.run(id) else { return };
        let until = memo::UNTIL.get(&run.task_run.memo);
        let is_at_work = matches!(run.task_run.current(), State::Running | State::Paused);
        if !is_at_work || until.is_none_or(|due| due > env.now) {
            return;
        }
        let limit = memo::LIMIT.get(&run.task_run.memo);
        let (start, outputs) = (run.task_run.state.start_date(), run.task_run.outputs.clone());
        let (attempts, run_node) = (run.task_run.attempts.len(), run.node);
        let error = format!(
            "the task was stopped: it took longer than its timeout, {}",
            limit.map(iso_duration).unwrap_or_default()
        );
        let children: Vec<(TaskRunId, State)> =
            self.open_below(id).into_iter().map(|id| (id, State::Killed)).collect();
        let mut levels: HashSet<TaskRunId> = children.iter().map(|(id, _)| id.clone()).collect();
        levels.insert(id.clone());
        self.forget_agenda(&levels);
        self.stop_runs(&children, true, env.now);
        self.stop_own(id);
        let phase = self.frames.get(id).map(|frame| frame.phase);
        // The directory of a block is removed first. After that, a retry may follow.
        let is_block = run_node.is_some_and(|node| self.directory_of(node).is_some());
        let is_tried_again = phase.is_none_or(|phase| phase == Phase::Main && !is_block)
            && (self.retry_date(id, attempts + 1, env.now).is_some()
                || self.replay_date(id, env.now).is_some());
        if phase.is_none() || is_tried_again {
            self.frames.remove(id);
            let ended = Ended {
                state: State::Failed,
                outputs: if phase.is_none() { outputs } else { Map::new() },
                error: Some(error),
                start,
                end: env.now,
            };
            return self.end_attempt(id, ended, env);
        }
        self.log(Some(id), LogLevel::Error, error, env.now);
        self.force(id, State::Failed);
        if let Some(run) = self.run_mut(id) {
            memo::TIMED_OUT.set(&mut run.task_run.memo, &true);
        }
        if self.run(id).is_some_and(|run| run.task_run.current() == State::Paused) {
            self.enter(id, State::Running, env.now);
        }
        if let Some(frame) = self.frames.get_mut(id) {
            match phase {
                Some(Phase::Main) => frame.main.running = 0,
                // Its `errors` or `finally` were running. No more children start.
                _ => frame.stop(),
            }
        }
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }
}
