//! Executions and task runs (docs/kestra.md 2.2). Fields without a value are absent, not null. Dates are ISO-8601
//! texts.

use crate::TENANT;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use segue_model::duration::iso_duration;
use segue_model::execution::{Breakpoint, ExecutionKind, ExecutionMetadata};
use segue_model::label::Label;
use segue_model::state::{State as StateName, StateHistory};
use segue_model::{Map, execution as model, task_run};
use serde::{Deserialize, Serialize};

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The tenant, always `main`.
    #[serde(default)]
    pub tenant_id: String,
    /// The id: 22 letters and digits.
    pub id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The revision of the flow that the execution runs.
    #[serde(default)]
    pub flow_revision: u32,
    /// The task runs, oldest first. Absent in lists of executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_run_list: Option<Vec<TaskRun>>,
    /// The inputs, including default values. Absent if there are none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map,
    /// The outputs of the flow. Absent before the end, and if there are none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map,
    /// The labels of the flow, the trigger and the request, and Segue's own labels (`system.…`).
    #[serde(default)]
    pub labels: Vec<Label>,
    /// The variables that tasks have set. Absent if no variable is set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map,
    /// The state and its history.
    pub state: State,
    /// The execution that this execution replays or restarts. Absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The first execution of a chain of replays. The execution's own id if it replays nothing.
    #[serde(default)]
    pub original_id: String,
    /// The trigger that started the execution. Absent if a request started the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<ExecutionTrigger>,
    /// Whether the execution was deleted. Always false.
    #[serde(default)]
    pub deleted: bool,
    /// The attempts of the whole execution, not of its task runs.
    #[serde(default)]
    #[schemars(with = "ExecutionMetadata")]
    pub metadata: Option<ExecutionMetadata>,
    /// The earliest start. Absent if the execution starts immediately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_date: Option<Timestamp>,
    /// What the execution is for. Absent for an ordinary execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ExecutionKind>,
    /// The tasks before which the execution waits. Absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breakpoints: Vec<Breakpoint>,
    /// The URL of the page of the execution. Absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The newest execution of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatestExecution {
    /// The execution, without its task runs.
    #[serde(flatten)]
    pub execution: Execution,
    /// The date on which the execution was created.
    pub start_date: Timestamp,
    /// The current state.
    pub status: StateName,
}

/// The state of an execution that belongs to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionStatus {
    /// The id of the execution.
    pub execution_id: String,
    /// The tenant, always `main`.
    pub tenant_id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// The state and its history.
    pub state: State,
}

/// A task run that has outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskOutputs {
    /// The id of the task.
    pub task_id: String,
    /// The id of the task run.
    pub task_run_id: String,
    /// The value of the loop round or of the case. Absent outside loops and cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The number of the loop round, from 0. Absent outside loops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// Whether the outputs are stored with the execution. Always true.
    pub inline: bool,
}

/// How long the executions of a flow take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AverageDuration {
    /// The average, in milliseconds. Absent if no execution has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_duration_ms: Option<i64>,
    /// The number of executions.
    pub count: u64,
}

/// The trigger that started an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutionTrigger {
    /// The id of the trigger, or of the task that runs a subflow.
    pub id: String,
    /// The type of the trigger or task.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The variables of `trigger` in expressions.
    #[serde(default)]
    pub variables: Map,
}

/// One run of a task in an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskRun {
    /// The id, 22 letters and digits.
    pub id: String,
    /// The id of the execution.
    #[serde(default)]
    pub execution_id: String,
    /// The namespace of the flow.
    #[serde(default)]
    pub namespace: String,
    /// The id of the flow.
    #[serde(default)]
    pub flow_id: String,
    /// The id of the task.
    pub task_id: String,
    /// The task run of the surrounding flowable task. Absent for tasks of the flow itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_task_run_id: Option<String>,
    /// The value of the loop round or of the case. Absent outside loops and cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The number of the loop round, from 0. Absent outside loops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// The attempts, oldest first. Absent before the first attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The outputs of the task.
    #[serde(default)]
    pub outputs: Map,
    /// The state and its history.
    pub state: State,
    /// True if the flow does not declare the task. Absent if the flow declares the task.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dynamic: bool,
}

/// One attempt of a task run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The state and its history.
    pub state: State,
    /// The URI of the log. Absent unless the task has `logToFile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
}

/// A state with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The current state.
    pub current: StateName,
    /// All states with their dates, oldest first.
    #[serde(default)]
    pub histories: Vec<StateChange>,
    /// The time from the first state to the last, as an ISO-8601 duration.
    #[serde(default)]
    pub duration: String,
    /// The date of the first state.
    #[serde(default)]
    #[schemars(with = "Timestamp")]
    pub start_date: Option<Timestamp>,
    /// The date of the end or of the pause. Absent in all other states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
}

/// One entry of the history of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateChange {
    /// The state.
    pub state: StateName,
    /// The date on which the state began.
    pub date: Timestamp,
}

/// A request to change the state of a task run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskState {
    /// The id of the task run.
    pub task_run_id: String,
    /// The new state of the task run.
    pub state: StateName,
}

/// A request to add labels to several executions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelsByIds {
    /// The ids of the executions.
    pub executions_id: Vec<String>,
    /// The labels to add.
    pub execution_labels: Vec<Label>,
}

/// A rendered expression, or the reason why the expression cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The rendered text. Absent if there is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error. Absent if there is a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A copy of `error` for Kestra's web pages. Absent if there is a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
}

impl Execution {
    /// An execution without its task runs, for lists.
    pub fn listed(execution: &model::Execution) -> Self {
        let trigger = execution.trigger.as_ref().map(|trigger| ExecutionTrigger {
            id: trigger.id.clone(),
            type_name: trigger.type_name.clone(),
            variables: trigger.variables.clone(),
        });
        Self {
            tenant_id: TENANT.to_owned(),
            id: execution.id.to_string(),
            namespace: execution.namespace.clone(),
            flow_id: execution.flow_id.clone(),
            flow_revision: execution.flow_revision,
            task_run_list: None,
            inputs: execution.inputs.clone(),
            outputs: execution.outputs.clone().unwrap_or_default(),
            labels: execution.labels.clone(),
            variables: execution.variables.clone(),
            state: State::from(&execution.state),
            parent_id: execution.parent_id.as_ref().map(ToString::to_string),
            original_id: execution.original_id.to_string(),
            trigger,
            deleted: false,
            metadata: Some(execution.metadata.clone()),
            schedule_date: execution.schedule_date,
            kind: execution.kind,
            breakpoints: execution.breakpoints.clone(),
            url: None,
        }
    }

    /// An execution with its task runs.
    pub fn new<'a>(
        execution: &model::Execution,
        task_runs: impl IntoIterator<Item = &'a task_run::TaskRun>,
    ) -> Self {
        let runs = task_runs.into_iter().map(|run| TaskRun::new(execution, run)).collect();
        Self { task_run_list: Some(runs), ..Self::listed(execution) }
    }
}

impl TaskRun {
    /// A task run of an execution.
    pub fn new(execution: &model::Execution, run: &task_run::TaskRun) -> Self {
        Self { outputs: run.outputs.clone(), ..Self::without_outputs(execution, run) }
    }

    /// A task run of an execution, without its outputs, which can be large.
    pub fn without_outputs(execution: &model::Execution, run: &task_run::TaskRun) -> Self {
        Self {
            id: run.id.to_string(),
            execution_id: execution.id.to_string(),
            namespace: execution.namespace.clone(),
            flow_id: execution.flow_id.clone(),
            task_id: run.task_id.clone(),
            parent_task_run_id: run.parent_task_run_id.as_ref().map(ToString::to_string),
            value: run.value.clone(),
            iteration: run.iteration,
            attempts: run.attempts.iter().map(Attempt::from).collect(),
            outputs: Map::new(),
            state: State::from(&run.state),
            dynamic: run.dynamic,
        }
    }
}

impl From<&task_run::Attempt> for Attempt {
    fn from(attempt: &task_run::Attempt) -> Self {
        Self { state: State::from(&attempt.state), log_file: attempt.log_file.clone() }
    }
}

impl From<&StateHistory> for State {
    fn from(history: &StateHistory) -> Self {
        let (current, start) = (history.current(), history.start_date());
        let last = history.histories().last().map_or(start, |change| change.date);
        let end = history.end_date().unwrap_or(last);
        let has_ended = current.is_terminal() || current == StateName::Paused;
        let change =
            |change: &segue_model::state::StateChange| StateChange { state: change.state, date: change.date };
        Self {
            current,
            histories: history.histories().iter().map(change).collect(),
            duration: iso_duration(end.duration_since(start)),
            start_date: Some(start),
            end_date: has_ended.then_some(end),
        }
    }
}

impl From<&State> for StateHistory {
    fn from(state: &State) -> Self {
        let change =
            |change: &StateChange| segue_model::state::StateChange { state: change.state, date: change.date };
        Self::read_back(state.current, state.histories.iter().map(change).collect())
    }
}

impl State {
    /// The time from the start to the end, or to `now` before the end. None if the start is unknown.
    pub fn elapsed(&self, now: Timestamp) -> Option<SignedDuration> {
        // A paused execution has an end date, which is the date of the pause, and goes on.
        let end = self.end_date.filter(|_| self.current.is_terminal()).unwrap_or(now);
        Some(end.duration_since(self.start_date?).max(SignedDuration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_empty_is_absent_and_durations_are_iso_text() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let mut history = StateHistory::new(StateName::Created, at(0));
        let running = json!(State::from(&history));
        assert_eq!(running.get("endDate"), None);
        history.enter(StateName::Success, at(90));
        assert_eq!(
            json!(State::from(&history)),
            json!({
                "current": "SUCCESS", "duration": "PT1M30S",
                "startDate": "1970-01-01T00:00:00Z", "endDate": "1970-01-01T00:01:30Z",
                "histories": [
                    {"state": "CREATED", "date": "1970-01-01T00:00:00Z"},
                    {"state": "SUCCESS", "date": "1970-01-01T00:01:30Z"},
                ],
            })
        );
        assert_eq!(StateHistory::from(&State::from(&history)), history);
        let read: Execution = serde_json::from_value(json!({
            "id": "e", "namespace": "n", "flowId": "f", "state": running,
        }))
        .unwrap();
        let shown = json!(read);
        for absent in
            ["taskRunList", "inputs", "outputs", "variables", "parentId", "trigger", "scheduleDate", "url"]
        {
            assert_eq!(shown.get(absent), None, "{absent}");
        }
        assert_eq!(shown["labels"], json!([]));
    }
}
