//! The API's executions read back into the nouns that `report` shows.

use jiff::Timestamp;
use segue_model::execution::{Execution, ExecutionMetadata};
use segue_model::state::{State, StateHistory};
use segue_model::task_run::{Attempt, TaskRun};
use segue_model::{Json, Map};
use serde::Deserialize;

/// An execution, as the API prints it (docs/kestra.md 2.2). What is not shown is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    namespace: String,
    flow_id: String,
    #[serde(default)]
    flow_revision: u32,
    #[serde(default)]
    outputs: Option<Map>,
    state: StateHistory,
    #[serde(default)]
    task_run_list: Option<Vec<ShownRun>>,
}

/// A task run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownRun {
    id: String,
    task_id: String,
    #[serde(default)]
    parent_task_run_id: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    iteration: Option<u64>,
    #[serde(default)]
    attempts: Vec<Attempt>,
    state: StateHistory,
}

/// An execution and its task runs, in the order they were made.
///
/// # Errors
/// When the JSON is no execution.
pub(crate) fn execution(json: &Json) -> Result<(Execution, Vec<TaskRun>), serde_json::Error> {
    let shown = Shown::deserialize(json)?;
    let runs = shown.task_run_list.unwrap_or_default().into_iter().map(|run| TaskRun {
        id: run.id.into(),
        task_id: run.task_id,
        parent_task_run_id: run.parent_task_run_id.map(Into::into),
        value: run.value,
        iteration: run.iteration,
        attempts: run.attempts,
        outputs: Map::new(),
        state: run.state,
        dynamic: false,
        memo: Json::Null,
    });
    let runs = runs.collect();
    let execution = Execution {
        id: shown.id.as_str().into(),
        namespace: shown.namespace,
        flow_id: shown.flow_id,
        flow_revision: shown.flow_revision,
        inputs: Map::new(),
        outputs: shown.outputs,
        labels: Vec::new(),
        variables: Map::new(),
        parent_id: None,
        original_id: shown.id.into(),
        trigger: None,
        metadata: ExecutionMetadata { attempt_number: 1, original_created_date: Timestamp::UNIX_EPOCH },
        schedule_date: None,
        state: shown.state,
    };
    Ok((execution, runs))
}

/// The state an execution has ended in; none while it has not.
pub(crate) fn is_over(execution: &Json) -> Option<State> {
    let state = execution.pointer("/state/current")?.as_str()?;
    State::parse(state).filter(|state| state.is_terminal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_api_prints_reads_back() {
        let date: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let mut state = StateHistory::new(State::Created, date);
        state.enter(State::Success, date);
        let run = TaskRun {
            id: "r1".into(),
            task_id: "say".into(),
            parent_task_run_id: Some("r0".into()),
            value: Some("x".into()),
            iteration: Some(1),
            attempts: vec![Attempt { state: state.clone(), log_file: None }],
            outputs: Map::new(),
            state: state.clone(),
            dynamic: false,
            memo: Json::Null,
        };
        let (mut whole, _) = execution(&json!({
            "id": "e1", "namespace": "a.b", "flowId": "f", "state": {"current": "CREATED", "histories": []}
        }))
        .unwrap();
        whole.flow_revision = 3;
        whole.state = state;
        let printed = segue_model::view::execution_json(&whole, [&run]);
        assert_eq!(execution(&printed).unwrap(), (whole, vec![run]));
        assert_eq!(is_over(&printed), Some(State::Success));
        assert_eq!(is_over(&json!({"state": {"current": "PAUSED"}})), None);
        assert!(execution(&json!({"id": "e1"})).is_err());
    }
}
