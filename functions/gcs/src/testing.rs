//! A platform in a temporary directory, for the tests of all task types.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_ports::object::{BucketSpec, ObjectAddress, ObjectAttributes, ObjectInfo};
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
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { ports: segue_embedded::connect(dir.path()).unwrap(), dir }
    }

    /// Runs a task that is dispatched now.
    pub(crate) async fn run(&self, task: Json) -> Ended {
        self.run_dispatched(task, self.ports.clock.now()).await
    }

    /// Runs a task that was dispatched before the test began.
    pub(crate) async fn run_as_dispatched_long_ago(&self, task: Json) -> Ended {
        self.run_dispatched(task, Timestamp::UNIX_EPOCH).await
    }

    async fn run_dispatched(&self, mut task: Json, at: Timestamp) -> Ended {
        let kind = task.as_object_mut().unwrap().remove("type").unwrap();
        let mut message = message(kind.as_str().unwrap(), task);
        message.dispatched_at = at;
        let work = self.dir.path().join("work");
        Ended(run(&crate::tasks(), self.ports.clone(), &work, message).await.unwrap())
    }

    pub(crate) async fn create_bucket(&self, name: &str) {
        let spec = BucketSpec { name: name.to_owned(), ..BucketSpec::default() };
        self.ports.objects.create_bucket(spec).await.unwrap();
    }

    pub(crate) async fn put(&self, uri: &str, bytes: &[u8]) {
        let bytes = Bytes::copy_from_slice(bytes);
        let stream = Box::pin(futures::stream::once(async move { Ok(bytes) }));
        let address = ObjectAddress::parse(uri).unwrap();
        self.ports.objects.put(&address, stream, ObjectAttributes::default()).await.unwrap();
    }

    pub(crate) async fn get(&self, uri: &str) -> Vec<u8> {
        let (_, stream) = self.ports.objects.get(&ObjectAddress::parse(uri).unwrap()).await.unwrap();
        stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }

    pub(crate) async fn head(&self, uri: &str) -> Option<ObjectInfo> {
        self.ports.objects.head(&ObjectAddress::parse(uri).unwrap()).await.unwrap()
    }

    pub(crate) async fn delete(&self, uri: &str) {
        self.ports.objects.delete(&ObjectAddress::parse(uri).unwrap()).await.unwrap();
    }

    /// Writes a file of internal storage and returns its URI.
    pub(crate) async fn store(&self, path: &str, bytes: &[u8]) -> String {
        self.ports.storage.put_text(path, bytes.to_vec()).await.unwrap()
    }

    /// The bytes of a file of internal storage.
    pub(crate) async fn stored(&self, uri: &str) -> Vec<u8> {
        let (_, stream) = self.ports.storage.get(uri).await.unwrap();
        stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }
}
