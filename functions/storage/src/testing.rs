//! A platform in a temporary directory, for the tests of all task types.

use bytes::Bytes;
use futures::TryStreamExt as _;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_ports::wire::WorkingDirectoryRef;
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

    /// The log of the task.
    pub(crate) fn log(&self) -> String {
        self.0.log_text()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { ports: segue_embedded::connect(dir.path()).unwrap(), dir }
    }

    /// Runs a task in its own directory.
    pub(crate) async fn run(&self, task: Json) -> Ended {
        self.run_in(task, None).await
    }

    /// Runs a task in a shared directory.
    pub(crate) async fn run_in(&self, mut task: Json, shared: Option<WorkingDirectoryRef>) -> Ended {
        let kind = task.as_object_mut().unwrap().remove("type").unwrap();
        let mut message = message(kind.as_str().unwrap(), task);
        message.dispatched_at = self.ports.clock.now();
        message.working_directory = shared;
        let work = self.dir.path().join("work");
        Ended(run(&crate::tasks(), self.ports.clone(), &work, message).await.unwrap())
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

    /// Whether a file of internal storage exists.
    pub(crate) async fn is_there(&self, uri: &str) -> bool {
        self.ports.storage.head(uri).await.unwrap().is_some()
    }
}
