//! Converts executions of the API to the types of the model that `report` shows.

use jiff::Timestamp;
use segue_api_types as api;
use segue_model::execution::Execution;
use segue_model::state::{State, StateHistory};
use segue_model::task_run::{Attempt, TaskRun};
use segue_model::{Json, Map};

/// An execution and its task runs, in the order of creation. Fields that `report` does not show are left out.
pub(crate) fn execution(shown: &api::Execution) -> (Execution, Vec<TaskRun>) {
    let runs = shown.task_run_list.iter().flatten().map(task_run).collect();
    let execution = Execution {
        outputs: (!shown.outputs.is_empty()).then(|| shown.outputs.clone()),
        state: StateHistory::from(&shown.state),
        ..Execution::created(
            shown.id.as_str().into(),
            &shown.namespace,
            &shown.flow_id,
            shown.flow_revision,
            Timestamp::UNIX_EPOCH,
        )
    };
    (execution, runs)
}

fn task_run(shown: &api::TaskRun) -> TaskRun {
    let attempt = |attempt: &api::Attempt| Attempt {
        state: StateHistory::from(&attempt.state),
        log_file: attempt.log_file.clone(),
    };
    TaskRun {
        id: shown.id.as_str().into(),
        task_id: shown.task_id.clone(),
        parent_task_run_id: shown.parent_task_run_id.as_deref().map(Into::into),
        value: shown.value.clone(),
        iteration: shown.iteration,
        attempts: shown.attempts.iter().map(attempt).collect(),
        outputs: Map::new(),
        state: StateHistory::from(&shown.state),
        dynamic: false,
        memo: Json::Null,
    }
}

/// The final state of an execution. None if the execution has not ended.
pub(crate) fn is_over(execution: &api::Execution) -> Option<State> {
    Some(execution.state.current).filter(|state| state.is_terminal())
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
        let read = |json: Json| serde_json::from_value::<api::Execution>(json);
        let begun = json!({"id": "e1", "namespace": "a.b", "flowId": "f", "state": {"current": "CREATED"}});
        let (mut whole, _) = execution(&read(begun).unwrap());
        whole.flow_revision = 3;
        whole.state = state;
        let printed = read(json!(api::Execution::new(&whole, [&run]))).unwrap();
        assert_eq!(execution(&printed), (whole, vec![run]));
        assert_eq!(is_over(&printed), Some(State::Success));
        let paused = api::State { current: State::Paused, ..printed.state.clone() };
        assert_eq!(is_over(&api::Execution { state: paused, ..printed }), None);
        assert!(read(json!({"id": "e1"})).is_err());
    }
}
