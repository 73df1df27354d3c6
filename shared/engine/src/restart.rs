//! Restart from what failed (kestra-compat.md 2.6).

use crate::frame::{Frame, Phase};
use crate::plan::Branch;
use crate::state::{Env, ExecutionState};
use segue_model::Json;
use segue_model::catalog::RunBy;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task::{FlowableKind, TaskKind};
use serde_json::json;

impl ExecutionState {
    /// Restarts what failed (kestra-compat.md 2.6).
    pub(crate) fn restart(&mut self, env: &Env) {
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
        let aside: Vec<TaskRunId> =
            self.runs.values().filter(|run| is_aside(self, run)).map(|run| run.task_run.id.clone()).collect();
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
    pub(crate) fn revive_failed(&mut self, env: &Env) {
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
                if let Some(run) = self.run_mut(&parent)
                    && let Json::Object(memo) = &mut run.task_run.memo
                {
                    memo.shift_remove("forced");
                }
                next = self.run(&parent).and_then(|run| run.task_run.parent_task_run_id.clone());
            }
        }
    }

    /// Makes the counts of all levels anew from the task runs.
    pub(crate) fn rebuild(&mut self) {
        self.root = Frame::new(self.root.order.clone());
        self.frames.clear();
        let all: Vec<_> = self.runs.values().map(|run| (run.task_run.clone(), run.node)).collect();
        for (task_run, node) in all {
            self.count(&task_run, node);
        }
    }
}
