//! Executions, task runs and results to store.

use jiff::Timestamp;
use segue_model::event::TaskRunResult;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_ports::state::Commit;
use segue_ports::wire::AttemptKey;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn execution(name: &str) -> Execution {
    let id = ExecutionId::from(name);
    Execution::created(id, "company.team", "taxi", 1, at(0))
}

pub(crate) fn task_run(execution: &ExecutionId, number: u64) -> TaskRun {
    TaskRun {
        value: Some(format!("value-{number}")),
        iteration: Some(number),
        ..TaskRun::created(TaskRunId::derive(execution, None, "task", None, Some(number)), "task", at(0))
    }
}

pub(crate) fn ended(execution: &ExecutionId, number: u64) -> TaskRun {
    let mut run = task_run(execution, number);
    run.state.enter(State::Running, at(1));
    run.state.enter(State::Success, at(2));
    run.outputs.insert("uri".to_owned(), Json::String(format!("segue:///company/team/taxi/{number}.csv")));
    run
}

pub(crate) fn commit(execution: &Execution, version: u64) -> Commit {
    Commit::new(execution.clone(), version, at(0))
}

pub(crate) fn key(execution: &ExecutionId, number: u64) -> AttemptKey {
    let task_run_id = task_run(execution, number).id;
    AttemptKey { execution_id: execution.clone(), task_run_id, attempt: 0 }
}

pub(crate) fn result(key: &AttemptKey) -> TaskRunResult {
    TaskRunResult {
        task_run_id: key.task_run_id.clone(),
        attempt: key.attempt,
        state: State::Success,
        outputs: Map::new(),
        error: None,
        start_date: at(1),
        end_date: at(2),
        dynamic: Vec::new(),
        metrics: Vec::new(),
    }
}

pub(crate) fn line(execution: &ExecutionId, message: &str) -> LogEntry {
    LogEntry {
        namespace: "company.team".to_owned(),
        flow_id: "taxi".to_owned(),
        execution_id: execution.clone(),
        task_id: None,
        task_run_id: None,
        attempt_number: None,
        timestamp: at(1),
        level: LogLevel::Info,
        message: message.to_owned(),
    }
}
