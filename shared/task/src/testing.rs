//! Runs one attempt without claim and report, for the tests of task types.

use crate::attempt::{self, Ended};
use crate::context::TaskContext;
use crate::list::TaskList;
use crate::settings::{Service, TaskSettings};
use segue_lookups::outbound::Clients;
use segue_model::Json;
use segue_model::event::TaskRunResult;
use segue_model::log::LogEntry;
use segue_ports::Ports;
use segue_ports::wire::{TaskRunMessage, WIRE_VERSION};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How an attempt went.
#[derive(Debug)]
pub struct TestRun {
    /// How it ended.
    pub result: TaskRunResult,
    /// What it logged.
    pub log: Vec<LogEntry>,
}

impl TestRun {
    /// The lines of the log, one below the other.
    pub fn log_text(&self) -> String {
        self.log.iter().map(|line| format!("{} {}\n", line.level.as_str(), line.message)).collect()
    }
}

/// A message for the task `task` of the flow `company.team.flow`, of that type and with these properties.
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
    }
}

/// What came of an attempt.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one a test")]
pub enum TestEnd {
    /// It ended.
    Ended(TestRun),
    /// It was stopped.
    Stopped,
    /// Its work goes on outside; it wants to look again after that time.
    Unfinished(Duration),
}

/// Runs one attempt; working directories are made below `work_root`. None when it was stopped.
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

/// As [`run`], with a limit to how long work outside is waited for, and a token that stops the attempt.
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

/// As [`run`], with all settings of the service, and a token that stops the attempt.
pub async fn run_under(
    list: &TaskList,
    ports: Ports,
    settings: TaskSettings,
    message: TaskRunMessage,
    lost: &CancellationToken,
) -> TestEnd {
    let service = Arc::new(Service {
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
