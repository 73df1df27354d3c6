//! A platform and a Git server, for the tests of all task types.

use crate::server::{GitServer, PASSWORD, USER};
use async_trait::async_trait;
use segue_model::Json;
use segue_ports::container::{ContainerJob, ContainerStatus, OutputLine};
use segue_ports::wire::TaskRunMessage;
use segue_ports::{ContainerJobs, PortError};
use segue_task::ion;
use segue_task::testing::TestRun;
use serde_json::json;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

/// A platform and a server for one test.
pub(crate) struct Platform {
    platform: segue_task::testing::Platform,
    pub(crate) server: GitServer,
}

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.platform
    }
}

impl Platform {
    /// None if git is not installed.
    pub(crate) async fn new() -> Option<Self> {
        let server = GitServer::start().await?;
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        Some(Self { platform: segue_task::testing::Platform::new(crate::tasks(), connect), server })
    }

    /// From now on, the tasks of a WorkingDirectory share no disk.
    pub(crate) fn share_no_disk(&mut self) {
        self.platform.ports.containers = Some(Arc::new(NoContainers));
    }

    /// The message of a task with these properties, and the login where it is not among them.
    pub(crate) fn message_for(&self, task_type: &str, properties: Json) -> TaskRunMessage {
        let mut all = json!({"username": USER, "password": PASSWORD});
        for (name, value) in properties.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.message_of(task_type, all)
    }

    /// Runs a task to its end.
    pub(crate) async fn run(&self, task_type: &str, properties: Json) -> TestRun {
        self.handle(self.message_for(task_type, properties)).await
    }

    /// The rows of a file in Ion.
    pub(crate) async fn rows(&self, uri: &Json) -> Vec<Json> {
        let bytes = self.stored(uri.as_str().unwrap()).await;
        ion::parse_all(std::str::from_utf8(&bytes).unwrap()).unwrap()
    }
}

/// A platform with containers outside the services, none of which is started.
struct NoContainers;

#[async_trait]
impl ContainerJobs for NoContainers {
    async fn prepare(&self, _: &ContainerJob) -> Result<String, PortError> {
        Err(PortError::invalid("no containers"))
    }
    async fn start(&self, _: &str, _: &ContainerJob) -> Result<String, PortError> {
        Err(PortError::invalid("no containers"))
    }
    async fn find(&self, _: &str, _: &str) -> Result<Option<String>, PortError> {
        Ok(None)
    }
    async fn status(&self, _: &str) -> Result<ContainerStatus, PortError> {
        Err(PortError::invalid("no containers"))
    }
    async fn output(&self, _: &str) -> Result<Vec<OutputLine>, PortError> {
        Ok(Vec::new())
    }
    async fn remove(&self, _: &str) -> Result<(), PortError> {
        Ok(())
    }
}

/// A flow with one task.
pub(crate) fn flow(id: &str, namespace: &str, message: &str) -> String {
    format!(
        "id: {id}\nnamespace: {namespace}\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    \
         message: \"{message}\"\n"
    )
}

/// Properties with more properties, which count more.
pub(crate) fn merged(mut properties: Json, more: Json) -> Json {
    properties.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    properties
}
