//! A platform in a temporary directory, for the tests of all task types.

use segue_model::Json;
use segue_task::testing::TestRun;
use serde_json::json;
use std::path::Path;

/// A platform for one test.
pub(crate) struct Platform(segue_task::testing::Platform);

impl Platform {
    pub(crate) fn new() -> Self {
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        Self(segue_task::testing::Platform::new(crate::tasks(), connect))
    }

    /// Stores a file, and returns its URI.
    pub(crate) async fn store(&self, path: &str, bytes: &[u8]) -> String {
        self.0.store(path, bytes).await
    }

    /// Converts a file with these bytes.
    pub(crate) async fn convert(&self, kind: &str, bytes: &[u8], properties: Json) -> TestRun {
        let from = self.0.store("e/input", bytes).await;
        let mut task = json!({"type": kind, "from": from});
        task.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        self.0.run(task).await
    }

    /// The text that a conversion makes.
    pub(crate) async fn converted(&self, kind: &str, text: &str, properties: Json) -> String {
        let outputs = self.convert(kind, text.as_bytes(), properties).await.outputs();
        String::from_utf8(self.stored(&outputs).await).unwrap()
    }

    /// The bytes of the file of a conversion.
    pub(crate) async fn stored(&self, outputs: &segue_model::Map) -> Vec<u8> {
        self.0.stored(outputs["uri"].as_str().unwrap()).await
    }

    /// The number of files in internal storage, without the logs.
    pub(crate) async fn files(&self) -> usize {
        self.0.ports.storage.list("").await.unwrap().len()
    }
}
