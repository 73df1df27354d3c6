//! What a calling task run learns of its subflows (kestra-compat.md 2.7).

use crate::attempt::Ended;
use crate::flowable;
use crate::state::{Env, ExecutionState};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, ForEachItem, Subflow, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use serde_json::json;

/// Who called a subflow.
struct Caller {
    task_run: TaskRun,
    call: Subflow,
    /// The ForEachItem, where the subflow is a piece of one.
    items: Option<ForEachItem>,
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

    /// A subflow was made, or could not be.
    pub(crate) fn subflow_created(
        &mut self,
        id: &TaskRunId,
        iteration: Option<u64>,
        outcome: &Result<ExecutionId, String>,
        env: &Env,
    ) {
        let Some(caller) = self.caller(id) else { return };
        if let (Some(items), Some(iteration)) = (&caller.items, iteration) {
            match outcome {
                Err(message) => {
                    self.log(Some(id), LogLevel::Error, message.clone(), env.now);
                    self.batch_ended(id, items, &caller.task_run, iteration, State::Failed, env);
                }
                Ok(_) if !caller.call.wait => {
                    self.batch_ended(id, items, &caller.task_run, iteration, State::Success, env);
                }
                Ok(_) => {}
            }
            return;
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
                }
            }
        }
    }

    /// A subflow has ended in a state, with its declared outputs.
    pub(crate) fn subflow_finished(
        &mut self,
        id: &TaskRunId,
        iteration: Option<u64>,
        child: &ExecutionId,
        (state, outputs): (State, &Map),
        env: &Env,
    ) {
        let Some(caller) = self.caller(id) else { return };
        if let (Some(items), Some(iteration)) = (&caller.items, iteration) {
            self.batch_ended(id, items, &caller.task_run, iteration, state, env);
            return;
        }
        if caller.task_run.memo.get("execution").and_then(Json::as_str) != Some(child.as_str()) {
            return;
        }
        let (own, outputs) = flowable::subflow_ended(&caller.call, child, state, outputs);
        let error = (own == State::Failed).then(|| {
            let call = &caller.call;
            format!("subflow {}.{} ({child}) ends in {state} state", call.namespace, call.flow_id)
        });
        let start = caller.task_run.state.start_date();
        self.end_attempt(id, Ended { state: own, outputs, error, start, end: env.now }, env);
    }

    /// A piece of a ForEachItem has ended.
    fn batch_ended(
        &mut self,
        id: &TaskRunId,
        items: &ForEachItem,
        task_run: &TaskRun,
        iteration: u64,
        state: State,
        env: &Env,
    ) {
        let Some(end) = flowable::batch_ended(items, &task_run.memo, iteration, state) else { return };
        if let Some(run) = self.run_mut(id) {
            run.task_run.memo = end.memo;
            run.task_run.outputs = end.outputs.clone();
        }
        if let Some(state) = end.state {
            let start = task_run.state.start_date();
            let ended = Ended { state, outputs: end.outputs, error: None, start, end: env.now };
            self.end_attempt(id, ended, env);
        }
    }
}
