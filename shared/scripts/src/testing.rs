//! A platform in a temporary directory, for the tests of all task types.

use crate::{docker_build, docker_run, working_directory};
use segue_model::Json;
use segue_ports::wire::WorkingDirectoryRef;
use segue_task::testing::TestRun;
use segue_task::{ContainerRules, DescribedType, TaskContext, TaskError, TaskList, TaskSettings};
use serde_json::json;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

/// Runs `work` as a task of its own type.
pub(crate) async fn run_work<F, W>(work: F) -> TestRun
where
    F: Fn(TaskContext) -> W + Send + Sync + 'static,
    W: Future<Output = Result<Json, TaskError>> + Send + 'static,
{
    let described = DescribedType {
        name: "test.Work",
        aliases: Vec::new(),
        schema: json!({"type": "object"}),
        outputs: None,
        run: Arc::new(move |_, context| {
            let work = work(context);
            Box::pin(
                async move { work.await.map(|outputs| outputs.as_object().cloned().unwrap_or_default()) },
            )
        }),
    };
    let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
    let platform =
        segue_task::testing::Platform::new(TaskList::new("test").add_described(described), connect);
    platform.run(json!({"type": "test.Work"})).await
}

/// A platform for one test.
pub(crate) struct Platform {
    platform: segue_task::testing::Platform,
    /// The name of the service that runs the tasks.
    pub(crate) service: &'static str,
    /// The rules of the service for tasks with containers.
    pub(crate) containers: ContainerRules,
    /// The labels of the execution, for expressions.
    pub(crate) labels: Option<Json>,
}

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.platform
    }
}

impl DerefMut for Platform {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.platform
    }
}

/// All task types of this crate.
pub(crate) fn tasks() -> TaskList {
    tasks_of("test")
}

/// All task types of this crate, as a list of the service with this name.
fn tasks_of(service: &'static str) -> TaskList {
    crate::add_to(TaskList::new(service))
        .add::<docker_build::Build>()
        .add::<docker_run::Run>()
        .add::<working_directory::Setup>()
        .add::<working_directory::Collect>()
}

impl Platform {
    pub(crate) fn new() -> Self {
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        let platform = segue_task::testing::Platform::new(tasks(), connect);
        Self { platform, service: "test", containers: ContainerRules::default(), labels: None }
    }

    /// Runs a task in a directory of its own.
    pub(crate) async fn run(&self, task: Json) -> TestRun {
        self.run_in(task, None).await
    }

    /// Runs a task in a shared directory.
    pub(crate) async fn run_in(&self, mut task: Json, shared: Option<&str>) -> TestRun {
        let timeout = task.as_object_mut().unwrap().remove("timeout");
        let mut message = self.message(task);
        message.timeout = timeout.map(|timeout| timeout.as_str().unwrap().to_owned());
        message.working_directory = shared.map(|id| WorkingDirectoryRef { id: id.to_owned() });
        if let Some(labels) = &self.labels {
            message.context["labels"] = labels.clone();
        }
        let settings = TaskSettings { containers: self.containers, ..self.settings() };
        self.handle_as(&tasks_of(self.service), settings, message).await
    }

    /// Runs a shell with these properties beside the process runner.
    pub(crate) async fn shell(&self, commands: &[&str], more: Json) -> TestRun {
        self.run(shell(commands, more)).await
    }

    /// The bytes of a file of internal storage.
    pub(crate) async fn stored(&self, uri: &Json) -> Vec<u8> {
        self.platform.stored(uri.as_str().unwrap()).await
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

/// Adds properties to a task. A map is added to a map.
pub(crate) fn merge(into: &mut Json, more: Json) {
    match (into, more) {
        (Json::Object(into), Json::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name).or_insert(Json::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}
