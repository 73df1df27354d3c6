//! A platform in a temporary directory, for the tests of all task types.

use jiff::Timestamp;
use segue_model::Json;
use segue_ports::wire::TaskRunMessage;
use segue_task::Task as _;
use segue_task::testing::TestRun;
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

    /// Runs the first attempt of a task.
    pub(crate) async fn run(&self, task_type: &str, properties: Json) -> TestRun {
        self.handle(self.message_of(task_type, properties)).await
    }

    /// Runs a later attempt, with another job id.
    pub(crate) async fn run_attempt(&self, attempt: u32, task_type: &str, properties: Json) -> TestRun {
        self.handle(TaskRunMessage { attempt, ..self.message_of(task_type, properties) }).await
    }

    /// Runs the first attempt of a task that was dispatched at this time.
    pub(crate) async fn run_sent_at(&self, at: Timestamp, task_type: &str, properties: Json) -> TestRun {
        self.handle(TaskRunMessage { dispatched_at: at, ..self.message_of(task_type, properties) }).await
    }

    pub(crate) async fn dataset(&self, name: &str) {
        let properties = serde_json::json!({"name": name});
        let run = self.run(crate::create_dataset::CreateDataset::TYPE, properties).await;
        assert_eq!(run.result.error, None);
    }
}
