//! A platform in a temporary directory, for the tests of all task types.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use jiff::Timestamp;
use segue_model::Json;
use segue_ports::Ports;
use segue_ports::wire::TaskRunMessage;
use segue_task::Task as _;
use segue_task::testing::{TestRun, message, run};
use tempfile::TempDir;

/// A platform for one test.
pub(crate) struct Platform {
    pub(crate) ports: Ports,
    dir: TempDir,
}

impl Platform {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { ports: segue_embedded::connect(dir.path()).unwrap(), dir }
    }

    /// Runs the first attempt of a task of this service.
    pub(crate) async fn run(&self, task_type: &str, properties: Json) -> TestRun {
        self.run_attempt(0, task_type, properties).await
    }

    /// Runs a later attempt, with another job id.
    pub(crate) async fn run_attempt(&self, attempt: u32, task_type: &str, properties: Json) -> TestRun {
        let message = TaskRunMessage { attempt, ..message(task_type, properties) };
        self.handle(TaskRunMessage { dispatched_at: Timestamp::now(), ..message }).await
    }

    /// Runs the first attempt of a task that was dispatched at this time.
    pub(crate) async fn run_sent_at(&self, at: Timestamp, task_type: &str, properties: Json) -> TestRun {
        self.handle(TaskRunMessage { dispatched_at: at, ..message(task_type, properties) }).await
    }

    async fn handle(&self, message: TaskRunMessage) -> TestRun {
        run(&crate::tasks(), self.ports.clone(), &self.dir.path().join("work"), message).await.unwrap()
    }

    pub(crate) async fn dataset(&self, name: &str) {
        let properties = serde_json::json!({"name": name});
        let run = self.run(crate::create_dataset::CreateDataset::TYPE, properties).await;
        assert_eq!(run.result.error, None);
    }
}
