//! Subflow: another flow as a task (docs/kestra.md 2.7, 4.2). The executor creates the execution, because it knows
//! flows. The id of the execution follows from the task run. So a request that is carried out twice still creates one
//! execution.

use super::opened::{OpenError, Opened};
use crate::effect::SubflowRequest;
use crate::env::Env;
use crate::state::ExecutionState;
use jiff::Timestamp;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::{Label, set_labels};
use segue_model::state::State;
use segue_model::task::Subflow;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::Scope;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The largest number of executions that call each other. It stops a flow that calls itself endlessly. Other flows do
/// not reach it.
const MAX_DEPTH: u32 = 100;

pub(super) fn open(
    state: &ExecutionState,
    call: &Subflow,
    task_run: &TaskRun,
    scope: &Scope,
    env: &Env,
) -> Result<Opened, OpenError> {
    let memo = Call::of(&task_run.memo);
    let new = child_id(&task_run.id, task_run.attempts.len(), None);
    let child = match (&memo.restart, &memo.execution) {
        (Some(attempt), Some(failed)) => Child { new, restart: Some((failed.clone(), *attempt)) },
        _ => Child { new, restart: None },
    };
    let execution = child.restart.as_ref().map_or(&child.new, |(failed, _)| failed).clone();
    let memo = Call { execution: Some(execution), restart: memo.restart, ended: None };
    let request = request(state, call, task_run, None, child, scope, env)?;
    Ok(Opened { memo: memo.to_json(), subflows: vec![request], ..Opened::running() })
}

/// The memo of a calling task run about its subflow.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Call {
    /// The subflow that the task run waits for, or waited for last.
    pub(crate) execution: Option<ExecutionId>,
    /// The failed attempt of the subflow, if the subflow is restarted.
    pub(crate) restart: Option<u32>,
    /// The state and attempt of the subflow, if it failed.
    pub(crate) ended: Option<(State, u32)>,
}

impl Call {
    /// Reads the memo.
    pub(crate) fn of(memo: &Json) -> Self {
        serde_json::from_value(memo.clone()).unwrap_or_default()
    }

    /// Writes the memo.
    pub(crate) fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether the task run waits for this end of an execution. It must be the end of the subflow, or of a retry of the
    /// subflow. After a restart, it must be the end of a later attempt.
    pub(crate) fn awaits(&self, child: &ExecutionId, original: &ExecutionId, attempt: u32) -> bool {
        self.execution.as_ref().is_some_and(|awaited| awaited == child || awaited == original)
            && self.restart.is_none_or(|restarted| attempt > restarted)
    }
}

/// The subflow of a call.
pub(super) struct Child {
    /// The id for a new execution.
    pub(super) new: ExecutionId,
    /// The failed execution to restart, with its attempt; `None` to create a new execution.
    pub(super) restart: Option<(ExecutionId, u32)>,
}

/// Whether a restart of the caller restarts the failed subflow (docs/kestra.md 4.2, `restartBehavior`).
pub(crate) fn restarts_failed(call: &Subflow) -> bool {
    call.restart_behavior.as_deref() != Some("NEW_EXECUTION")
}

/// The number of callers above a new subflow of this execution.
fn depth(state: &ExecutionState) -> Result<u32, OpenError> {
    let trigger = state.execution.trigger.as_ref();
    let above = trigger.and_then(|trigger| trigger.parent.as_ref()).map_or(0, |parent| parent.depth);
    if above >= MAX_DEPTH {
        return Err(OpenError::Failed(format!(
            "{MAX_DEPTH} executions already call each other, and this subflow would exceed the limit: add a \
             condition that ends the calls"
        )));
    }
    Ok(above + 1)
}

/// The request for a subflow.
pub(super) fn request(
    state: &ExecutionState,
    call: &Subflow,
    task_run: &TaskRun,
    iteration: Option<u64>,
    child: Child,
    scope: &Scope,
    env: &Env,
) -> Result<SubflowRequest, OpenError> {
    let depth = depth(state)?;
    let render = |text: &str| env.renderer.render(text, scope).map_err(OpenError::from);
    let inputs = match env.renderer.render_json(&Json::Object(call.inputs.clone()), scope)? {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    let mut labels: Vec<Label> = state
        .execution
        .labels
        .iter()
        .filter(|label| call.inherit_labels || label.is_system())
        .cloned()
        .collect();
    let own = read_labels(&env.renderer.render_json(&call.labels, scope)?)?;
    set_labels(&mut labels, own.into_iter().map(|label| masked(label, env)).collect());
    let revision = match &call.revision {
        None | Some(Json::Null) => None,
        Some(value) => {
            let text = match value {
                Json::String(text) => render(text)?,
                other => other.to_string(),
            };
            Some(text.trim().parse().map_err(|_| {
                OpenError::Failed(format!("the revision of a subflow must be a whole number, not `{text}`"))
            })?)
        }
    };
    let schedule_date: Option<Timestamp> = match &call.schedule_date {
        None => None,
        Some(text) => {
            let text = render(text)?;
            Some(text.trim().parse().map_err(|_| {
                OpenError::Failed(format!(
                    "scheduleDate must be an instant such as 2024-01-01T00:00:00Z, not `{text}`"
                ))
            })?)
        }
    };
    Ok(SubflowRequest {
        depth,
        execution_id: child.new,
        restart: child.restart,
        task_run_id: task_run.id.clone(),
        task: (
            task_run.task_id.clone(),
            state
                .plan
                .find(&task_run.task_id)
                .and_then(|node| state.plan.node(node))
                .map(|node| node.task.type_name.clone())
                .unwrap_or_default(),
        ),
        iteration,
        value: task_run.value.clone(),
        namespace: render(&call.namespace)?,
        flow_id: render(&call.flow_id)?,
        revision,
        inputs,
        labels,
        wait: call.wait,
        outputs: call.outputs.clone(),
        schedule_date,
    })
}

/// Labels are stored and shown, so secrets in them are masked.
fn masked(label: Label, env: &Env) -> Label {
    Label { value: env.lookups.mask_text(label.value), ..label }
}

/// The id of a subflow. It follows from the task run, its attempt and the number of the piece.
pub(super) fn child_id(task_run: &TaskRunId, attempt: usize, iteration: Option<u64>) -> ExecutionId {
    let number = iteration.map(|number| number.to_string()).unwrap_or_default();
    ExecutionId::derive(&["subflow", task_run.as_str(), &attempt.to_string(), &number])
}

/// Reads labels from a map or from a list of `{key, value}`.
pub(crate) fn read_labels(value: &Json) -> Result<Vec<Label>, OpenError> {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Json::Null => Ok(Vec::new()),
        Json::Object(map) => Ok(map.iter().map(|(key, value)| Label::new(key, text(value))).collect()),
        Json::Array(list) => list
            .iter()
            .map(|entry| match (entry.get("key").and_then(Json::as_str), entry.get("value")) {
                (Some(key), Some(value)) => Ok(Label::new(key, text(value))),
                _ => Err(OpenError::Failed(format!("a label must have `key` and `value`, but is `{entry}`"))),
            })
            .collect(),
        other => Err(OpenError::Failed(format!(
            "labels must be a map or a list of `key` and `value`, not `{other}`"
        ))),
    }
}

/// The state and outputs of the calling task run after its subflow has ended.
pub(crate) fn ended(call: &Subflow, child: &ExecutionId, state: State, outputs: &Map) -> (State, Map) {
    let mut map = Map::new();
    map.insert("executionId".into(), json!(child));
    map.insert("state".into(), json!(state));
    map.insert("outputs".into(), Json::Object(outputs.clone()));
    let own = if !call.transmit_failed {
        State::Success
    } else {
        match state {
            State::Failed | State::Killed | State::Warning | State::Paused => state,
            State::Cancelled => State::Failed,
            State::Success
            | State::Skipped
            | State::Retried
            | State::Created
            | State::Queued
            | State::Running
            | State::Breakpoint
            | State::Restarted
            | State::Retrying
            | State::Killing => State::Success,
        }
    };
    (own, map)
}
