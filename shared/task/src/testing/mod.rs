//! Runs one attempt without claim and report, for tests of task types.
//!
//! [`Platform`] has everything that most tests need. [`run_under`] is for tests with a platform of their own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod platform;

pub use platform::Platform;

use crate::attempt::{self, Ended};
use crate::context::TaskContext;
use crate::list::TaskList;
use crate::settings::{Service, TaskSettings};
use segue_lookups::outbound::Clients;
use segue_model::event::TaskRunResult;
use segue_model::log::LogEntry;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_ports::wire::{TaskRunMessage, WIRE_VERSION};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The outcome of an attempt.
#[derive(Debug)]
pub struct TestRun {
    /// The result.
    pub result: TaskRunResult,
    /// The log lines.
    pub log: Vec<LogEntry>,
}

impl TestRun {
    /// The outputs of a task that must have succeeded.
    pub fn outputs(self) -> Map {
        assert_eq!(self.result.state, State::Success, "{}", self.log_text());
        self.result.outputs
    }

    /// The error of a task that must have failed.
    pub fn error(self) -> String {
        self.failed().0
    }

    /// The error and the outputs of a task that must have failed.
    pub fn failed(self) -> (String, Map) {
        assert_eq!(self.result.state, State::Failed, "{}", self.log_text());
        (self.result.error.unwrap(), self.result.outputs)
    }

    /// The lines of the log, separated by line breaks.
    pub fn log_text(&self) -> String {
        self.log.iter().map(|line| format!("{} {}\n", line.level.as_str(), line.message)).collect()
    }
}

/// A message for the task `task` of the flow `company.team.flow`, with this type and these properties.
pub fn message(task_type: &str, properties: Json) -> TaskRunMessage {
    TaskRunMessage {
        version: WIRE_VERSION,
        execution_id: "execution1".into(),
        namespace: "company.team".to_owned(),
        flow_id: "flow".to_owned(),
        flow_revision: 1,
        task_run_id: "taskrun1".into(),
        attempt: 0,
        task_id: "task".to_owned(),
        task_type: task_type.to_owned(),
        properties: properties.as_object().cloned().unwrap_or_default(),
        context: serde_json::json!({"flow": {"id": "flow", "namespace": "company.team"}, "inputs": {"name": "Ada"}}),
        timeout: None,
        log_level: None,
        log_to_file: false,
        working_directory: None,
        dispatched_at: jiff::Timestamp::UNIX_EPOCH,
        resumed: None,
        held_before: false,
        look: None,
    }
}

/// How an attempt ended.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one a test")]
pub enum TestEnd {
    /// The attempt has a result.
    Ended(TestRun),
    /// The attempt was stopped.
    Stopped,
    /// The work continues outside. The duration is the time until the next check.
    Unfinished(Duration),
}

/// Runs one attempt. Working directories are created below `work_root`. Returns none if the attempt was
/// stopped.
pub async fn run(
    list: &TaskList,
    ports: Ports,
    work_root: &Path,
    message: TaskRunMessage,
) -> Option<TestRun> {
    match run_with(list, ports, work_root, message, None, &CancellationToken::new()).await {
        TestEnd::Ended(run) => Some(run),
        TestEnd::Stopped | TestEnd::Unfinished(_) => None,
    }
}

/// Like [`run`], with a limit for waiting for work outside, and a token that stops the attempt.
pub async fn run_with(
    list: &TaskList,
    ports: Ports,
    work_root: &Path,
    message: TaskRunMessage,
    patience: Option<Duration>,
    lost: &CancellationToken,
) -> TestEnd {
    let settings = TaskSettings { work_root: work_root.to_owned(), patience, ..TaskSettings::default() };
    run_under(list, ports, settings, message, lost).await
}

/// Like [`run`], with all settings of the service, and a token that stops the attempt.
pub async fn run_under(
    list: &TaskList,
    ports: Ports,
    settings: TaskSettings,
    message: TaskRunMessage,
    lost: &CancellationToken,
) -> TestEnd {
    let service = Arc::new(Service {
        name: list.service(),
        ports,
        renderer: Arc::default(),
        clients: Arc::new(Clients::new(false)),
        settings,
        holder: "test".to_owned(),
    });
    let entry = list.get(&message.task_type);
    let stop = lost.child_token();
    let context = TaskContext::new(service.clone(), message, stop.clone(), Arc::default());
    let ended = attempt::run(&service, entry, &context, &stop, lost).await;
    let log = context.journal().rest(&service.ports.storage).await;
    match ended {
        Ended::Result(result) => TestEnd::Ended(TestRun { result: *result, log }),
        Ended::Stopped => TestEnd::Stopped,
        Ended::Unfinished { look_again, .. } => TestEnd::Unfinished(look_again),
    }
}
