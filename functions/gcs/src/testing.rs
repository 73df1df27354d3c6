//! A platform in a temporary directory, for the tests of all task types.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use segue_model::Json;
use segue_ports::object::{BucketSpec, ObjectAddress, ObjectAttributes, ObjectInfo};
use segue_ports::wire::TaskRunMessage;
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

    /// Runs a task that was dispatched before the test began.
    pub(crate) async fn run_as_dispatched_long_ago(&self, task: Json) -> TestRun {
        let message = self.message(task);
        self.handle(TaskRunMessage { dispatched_at: Timestamp::UNIX_EPOCH, ..message }).await
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
}
