//! Applies the reports of subflows to the calling task run (docs/kestra.md 2.7).

use crate::attempt::Ended;
use crate::env::Env;
use crate::flowable::{self, Call, Pieces};
use crate::state::{ExecutionState, Run};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, ForEachItem, Subflow, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use serde_json::json;

/// The caller of a subflow.
struct Caller {
    task_run: TaskRun,
    call: Subflow,
    /// The ForEachItem; `None` if the caller is a Subflow task.
    items: Option<ForEachItem>,
}

/// The end of a subflow.
#[derive(Debug)]
pub(crate) struct SubflowEnd<'a> {
    /// The number of the piece in a ForEachItem, from 0; `None` for a Subflow task.
    pub(crate) iteration: Option<u64>,
    pub(crate) child: &'a ExecutionId,
    /// The first execution of a chain of retries.
    pub(crate) original: &'a ExecutionId,
    /// The attempt of the subflow that ended.
    pub(crate) attempt: u32,
    pub(crate) state: State,
    pub(crate) outputs: &'a Map,
}

impl ExecutionState {
    fn caller(&self, id: &TaskRunId) -> Option<Caller> {
        let run = self.run(id).filter(|run| run.task_run.current() == State::Running)?;
        let node = self.plan.node(run.node?)?;
        let TaskKind::Flowable(flowable) = &node.task.kind else { return None };
        let (call, items) = match &flowable.kind {
            FlowableKind::Subflow(call) => ((**call).clone(), None),
            FlowableKind::Batches(items) => (items.subflow.clone(), Some((**items).clone())),
            _ => return None,
        };
        Some(Caller { task_run: run.task_run.clone(), call, items })
    }

    /// The subflows that a task run waits for, or last waited for.
    pub(crate) fn subflows_of(&self, run: &Run) -> Vec<ExecutionId> {
        let Some(node) = run.node.and_then(|node| self.plan.node(node)) else { return Vec::new() };
        let TaskKind::Flowable(flowable) = &node.task.kind else { return Vec::new() };
        match &flowable.kind {
            FlowableKind::Subflow(_) => Call::of(&run.task_run.memo).execution.into_iter().collect(),
            FlowableKind::Batches(_) => Pieces::of(&run.task_run.memo, 0).open_executions(&run.task_run.id),
            _ => Vec::new(),
        }
    }

    /// Applies the report that a subflow was created, or could not be created.
    pub(crate) fn subflow_created(
        &mut self,
        id: &TaskRunId,
        iteration: Option<u64>,
        outcome: &Result<ExecutionId, String>,
        env: &Env,
    ) {
        let Some(caller) = self.caller(id) else { return };
        if let (Some(items), Some(iteration)) = (&caller.items, iteration) {
            return self.piece_created(id, items, iteration, outcome, env);
        }
        let start = caller.task_run.state.start_date();
        match outcome {
            Err(message) => {
                let error = Some(message.clone());
                let ended = Ended { state: State::Failed, outputs: Map::new(), error, start, end: env.now };
                self.end_attempt(id, ended, env);
            }
            Ok(child) => {
                let mut outputs = Map::new();
                outputs.insert("executionId".into(), json!(child));
                if !caller.call.wait {
                    let ended = Ended { state: State::Success, outputs, error: None, start, end: env.now };
                    self.end_attempt(id, ended, env);
                } else if let Some(run) = self.run_mut(id) {
                    run.task_run.outputs = outputs;
                    let mut memo = Call::of(&run.task_run.memo);
                    if memo.execution.as_ref() != Some(child) {
                        // The subflow could not be restarted, so a new one was created.
                        memo = Call { execution: Some(child.clone()), ..Call::default() };
                        merge_memo(&mut run.task_run.memo, &memo.to_json());
                    }
                }
            }
        }
    }

    fn piece_created(
        &mut self,
        id: &TaskRunId,
        items: &ForEachItem,
        iteration: u64,
        outcome: &Result<ExecutionId, String>,
        env: &Env,
    ) {
        let ended = match outcome {
            Err(message) => {
                self.log(Some(id), LogLevel::Error, message.clone(), env.now);
                State::Failed
            }
            Ok(_) if !items.subflow.wait => State::Success,
            Ok(child) => {
                if let Some(run) = self.run_mut(id) {
                    let mut pieces = Pieces::of(&run.task_run.memo, 0);
                    pieces.replace(id, iteration, child);
                    merge_memo(&mut run.task_run.memo, &pieces.memo());
                }
                return;
            }
        };
        self.piece_ended(id, items, iteration, None, ended, env);
    }

    /// Applies the report that a subflow has ended.
    pub(crate) fn subflow_finished(&mut self, id: &TaskRunId, end: &SubflowEnd<'_>, env: &Env) {
        let Some(caller) = self.caller(id) else { return };
        if let (Some(items), Some(iteration)) = (&caller.items, end.iteration) {
            let pieces = Pieces::of(&caller.task_run.memo, 0);
            if pieces.awaits(id, iteration, (end.child, end.original), end.attempt) {
                self.piece_ended(id, items, iteration, Some((end.child, end.attempt)), end.state, env);
            }
            return;
        }
        if !Call::of(&caller.task_run.memo).awaits(end.child, end.original, end.attempt) {
            return;
        }
        if let Some(run) = self.run_mut(id) {
            let ended = (end.state == State::Failed).then_some((end.state, end.attempt));
            let memo = Call { execution: Some(end.child.clone()), restart: None, ended };
            merge_memo(&mut run.task_run.memo, &memo.to_json());
        }
        let (own, outputs) = flowable::subflow_ended(&caller.call, end.child, end.state, end.outputs);
        let error = (own == State::Failed).then(|| {
            let call = &caller.call;
            format!("subflow {}.{} ({}) ends in {} state", call.namespace, call.flow_id, end.child, end.state)
        });
        let start = caller.task_run.state.start_date();
        self.end_attempt(id, Ended { state: own, outputs, error, start, end: env.now }, env);
    }

    /// Applies the end of a piece of a ForEachItem.
    fn piece_ended(
        &mut self,
        id: &TaskRunId,
        items: &ForEachItem,
        iteration: u64,
        child: Option<(&ExecutionId, u32)>,
        state: State,
        env: &Env,
    ) {
        let Some(task_run) = self.run(id).map(|run| &run.task_run) else { return };
        let start = task_run.state.start_date();
        let mut pieces = Pieces::of(&task_run.memo, 0);
        if !pieces.end(id, iteration, child, state) {
            return;
        }
        let outputs = pieces.outputs();
        if let Some(run) = self.run_mut(id) {
            merge_memo(&mut run.task_run.memo, &pieces.memo());
            run.task_run.outputs = outputs.clone();
        }
        if let Some(state) = pieces.state(items.subflow.transmit_failed) {
            self.end_attempt(id, Ended { state, outputs, error: None, start, end: env.now }, env);
        }
    }
}

/// Replaces entries of a memo, keeping the others.
fn merge_memo(memo: &mut Json, entries: &Json) {
    if let (Json::Object(memo), Json::Object(entries)) = (&mut *memo, entries) {
        memo.extend(entries.clone());
    } else {
        *memo = entries.clone();
    }
}
