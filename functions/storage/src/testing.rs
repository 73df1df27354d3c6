//! A platform in a temporary directory, for the tests of all task types.

use segue_model::Json;
use segue_ports::wire::{TaskRunMessage, WorkingDirectoryRef};
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

    /// Runs a task in a shared directory.
    pub(crate) async fn run_in(&self, task: Json, shared: Option<WorkingDirectoryRef>) -> TestRun {
        self.handle(TaskRunMessage { working_directory: shared, ..self.message(task) }).await
    }

    /// The bytes of a file of internal storage.
    pub(crate) async fn stored(&self, uri: &Json) -> Vec<u8> {
        self.0.stored(uri.as_str().unwrap()).await
    }

    /// Whether a file of internal storage exists.
    pub(crate) async fn is_there(&self, uri: &str) -> bool {
        self.ports.storage.head(uri).await.unwrap().is_some()
    }
}
