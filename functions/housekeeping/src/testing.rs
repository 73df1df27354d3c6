//! A platform in a temporary directory, with executions and logs in it.

use jiff::Timestamp;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_ports::state::ExecutionFilter;
use std::ops::Deref;
use std::path::Path;

/// A platform for one test.
pub(crate) struct Platform(segue_task::testing::Platform);

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Platform {
    pub(crate) fn new() -> Self {
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        Self(segue_task::testing::Platform::new(crate::tasks(), connect))
    }

    /// Creates an execution with this start and state.
    pub(crate) async fn execution(
        &self,
        namespace: &str,
        flow: &str,
        id: &str,
        date: &str,
        state: State,
    ) -> Execution {
        let date: Timestamp = date.parse().unwrap();
        let mut history = StateHistory::new(State::Created, date);
        history.enter(state, date);
        let execution =
            Execution { state: history, ..Execution::created(id.into(), namespace, flow, 1, date) };
        assert!(self.ports.state.create_execution(&execution).await.unwrap());
        execution
    }

    /// Adds a line to a log.
    pub(crate) async fn log(&self, execution: &str, task: Option<&str>, level: LogLevel, text: &str) {
        let line = LogEntry {
            namespace: "company.team".to_owned(),
            flow_id: "flow".to_owned(),
            execution_id: execution.into(),
            task_id: task.map(str::to_owned),
            task_run_id: None,
            attempt_number: None,
            timestamp: Timestamp::UNIX_EPOCH,
            level,
            message: text.to_owned(),
        };
        self.ports.state.append_logs(vec![line]).await.unwrap();
    }

    /// The existing executions, by id.
    pub(crate) async fn left(&self) -> Vec<String> {
        let all = self.ports.state.executions(&ExecutionFilter::default()).await.unwrap();
        let mut ids: Vec<_> = all.into_iter().map(|one| ExecutionId::to_string(&one.id)).collect();
        ids.sort();
        ids
    }
}
