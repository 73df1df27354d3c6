//! A platform in a temporary directory, with executions and logs in it.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use segue_model::execution::{Execution, ExecutionMetadata};
use segue_model::id::ExecutionId;
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_ports::state::ExecutionFilter;
use segue_task::testing::{TestRun, message, run};
use tempfile::TempDir;

/// A platform for one test.
pub(crate) struct Bench {
    ports: Ports,
    dir: TempDir,
}

/// The end of a task.
pub(crate) struct Ended(TestRun);

impl Ended {
    /// The outputs of a task that must have succeeded.
    pub(crate) fn outputs(self) -> Map {
        assert_eq!(self.0.result.state, State::Success, "{}", self.0.log_text());
        self.0.result.outputs
    }

    /// The error of a task that must have failed.
    pub(crate) fn error(self) -> String {
        assert_eq!(self.0.result.state, State::Failed);
        self.0.result.error.unwrap()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { ports: segue_embedded::connect(dir.path()).unwrap(), dir }
    }

    /// The platform.
    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Runs a task.
    pub(crate) async fn run(&self, mut task: Json) -> Ended {
        let kind = task.as_object_mut().unwrap().remove("type").unwrap();
        let mut message = message(kind.as_str().unwrap(), task);
        message.dispatched_at = self.ports.clock.now();
        let work = self.dir.path().join("work");
        Ended(run(&crate::tasks(), self.ports.clone(), &work, message).await.unwrap())
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
        let execution = Execution {
            id: id.into(),
            original_id: id.into(),
            namespace: namespace.to_owned(),
            flow_id: flow.to_owned(),
            flow_revision: 1,
            inputs: Map::new(),
            outputs: None,
            labels: Vec::new(),
            variables: Map::new(),
            state: history,
            parent_id: None,
            trigger: None,
            metadata: ExecutionMetadata { attempt_number: 1, original_created_date: date },
            schedule_date: None,
        };
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

    /// Writes a file of internal storage.
    pub(crate) async fn store(&self, path: &str) {
        self.ports.storage.put_text(path, "x").await.unwrap();
    }

    /// The text of a file of internal storage.
    pub(crate) async fn stored(&self, uri: &str) -> String {
        let (_, stream) = self.ports.storage.get(uri).await.unwrap();
        String::from_utf8(stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()).unwrap()
    }

    /// The existing executions, by id.
    pub(crate) async fn left(&self) -> Vec<String> {
        let all = self.ports.state.executions(&ExecutionFilter::default()).await.unwrap();
        let mut ids: Vec<_> = all.into_iter().map(|one| ExecutionId::to_string(&one.id)).collect();
        ids.sort();
        ids
    }
}
