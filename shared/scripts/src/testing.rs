//! A platform in a temporary directory, for the tests of all task types.

use crate::{docker_run, languages, working_directory};
use bytes::Bytes;
use futures::TryStreamExt as _;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_ports::wire::WorkingDirectoryRef;
use segue_task::testing::{TestEnd, TestRun, message, run_under};
use segue_task::{ContainerRules, TaskList, TaskSettings};
use std::path::PathBuf;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A platform for one test.
pub(crate) struct Bench {
    /// The name of the service that runs the tasks.
    pub(crate) service: &'static str,
    pub(crate) ports: Ports,
    /// What tasks that ask for a container may do.
    pub(crate) containers: ContainerRules,
    /// The labels of the execution, as expressions see them.
    pub(crate) labels: Option<Json>,
    dir: TempDir,
}

/// The end of a task.
pub(crate) struct Ended(pub(crate) TestRun);

impl Ended {
    /// What it gave out; it is to have succeeded.
    pub(crate) fn outputs(self) -> Map {
        assert_eq!(self.0.result.state, State::Success, "{}", self.0.log_text());
        self.0.result.outputs
    }

    /// Why it failed, with what it gave out all the same; it is to have failed.
    pub(crate) fn failed(self) -> (String, Map) {
        assert_eq!(self.0.result.state, State::Failed, "{}", self.0.log_text());
        (self.0.result.error.unwrap(), self.0.result.outputs)
    }

    /// Why it failed; it is to have failed.
    pub(crate) fn error(self) -> String {
        self.failed().0
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        self.0.log_text()
    }
}

/// All task types of this crate.
pub(crate) fn tasks() -> TaskList {
    tasks_of("test")
}

/// All task types of this crate, as a list of the service with this name.
fn tasks_of(service: &'static str) -> TaskList {
    languages::add_to(TaskList::new(service))
        .add::<docker_run::Run>()
        .add::<working_directory::Setup>()
        .add::<working_directory::Collect>()
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ports = segue_embedded::connect(dir.path()).unwrap();
        Self { service: "test", ports, containers: ContainerRules::default(), labels: None, dir }
    }

    /// Where working directories are made.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Runs a task in a directory of its own.
    pub(crate) async fn run(&self, task: Json) -> Ended {
        self.run_in(task, None).await
    }

    /// Runs a task in a directory it shares.
    pub(crate) async fn run_in(&self, mut task: Json, shared: Option<&str>) -> Ended {
        let kind = task.as_object_mut().unwrap().remove("type").unwrap();
        let timeout = task.as_object_mut().unwrap().remove("timeout");
        let mut message = message(kind.as_str().unwrap(), task);
        message.timeout = timeout.map(|timeout| timeout.as_str().unwrap().to_owned());
        message.dispatched_at = self.ports.clock.now();
        message.working_directory = shared.map(|id| WorkingDirectoryRef { id: id.to_owned() });
        if let Some(labels) = &self.labels {
            message.context["labels"] = labels.clone();
        }
        let settings =
            TaskSettings { work_root: self.work(), containers: self.containers, ..TaskSettings::default() };
        let stop = CancellationToken::new();
        match run_under(&tasks_of(self.service), self.ports.clone(), settings, message, &stop).await {
            TestEnd::Ended(run) => Ended(run),
            other => panic!("{other:?}"),
        }
    }

    /// Runs a shell with these properties beside the process runner.
    pub(crate) async fn shell(&self, commands: &[&str], more: Json) -> Ended {
        self.run(shell(commands, more)).await
    }

    /// Writes a file of internal storage and returns its URI.
    pub(crate) async fn store(&self, path: &str, bytes: &[u8]) -> String {
        self.ports.storage.put_text(path, bytes.to_vec()).await.unwrap()
    }

    /// The bytes of a file of internal storage.
    pub(crate) async fn stored(&self, uri: &Json) -> Vec<u8> {
        let (_, stream) = self.ports.storage.get(uri.as_str().unwrap()).await.unwrap();
        stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }
}

/// A shell task with these properties beside the process runner.
pub(crate) fn shell(commands: &[&str], more: Json) -> Json {
    with(
        serde_json::json!({
            "type": "io.kestra.plugin.scripts.shell.Commands",
            "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
            "commands": commands,
        }),
        more,
    )
}

/// A task with more properties.
pub(crate) fn with(mut task: Json, more: Json) -> Json {
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}
