//! A platform and a Git server, for the tests of all task types.

use crate::server::{GitServer, PASSWORD, USER};
use segue_model::Json;
use segue_ports::wire::TaskRunMessage;
use segue_task::testing::TestRun;
use serde_json::json;
use std::ops::Deref;
use std::path::Path;

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
}
