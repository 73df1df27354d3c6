//! `bigquery.LoadFromGcs`.

use crate::load::{LoadProperties, Output};
use schemars::JsonSchema;
use segue_ports::warehouse::LoadSource;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Loads objects of a bucket into a table.
///
/// ```yaml
/// id: load
/// type: io.kestra.plugin.gcp.bigquery.LoadFromGcs
/// from:
///   - gs://my-bucket/zones/*.csv
/// destinationTable: zoomcamp.zones
/// format: CSV
/// csvOptions:
///   skipLeadingRows: 1
/// autodetect: true
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LoadFromGcs {
    /// The properties of both kinds of load.
    #[serde(flatten)]
    pub load: LoadProperties,
    /// The objects: `gs://bucket/key`, with `*` for any characters.
    pub from: Vec<String>,
}

impl Task for LoadFromGcs {
    const TYPE: &'static str = "io.kestra.plugin.gcp.bigquery.LoadFromGcs";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.from.is_empty() {
            return Err(TaskError::failed("from names no objects; write gs://bucket/key"));
        }
        self.load.run(LoadSource::Objects(self.from), context).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use futures::StreamExt as _;
    use segue_ports::object::{BucketSpec, ObjectAddress, ObjectAttributes};
    use serde_json::json;

    #[tokio::test]
    async fn all_objects_of_a_pattern_are_loaded() {
        let platform = Platform::new();
        platform.dataset("d").await;
        let objects = &platform.ports.objects;
        let spec = BucketSpec { name: "bucket".to_owned(), ..BucketSpec::default() };
        objects.create_bucket(spec).await.unwrap();
        for key in ["z/1.csv", "z/2.csv"] {
            let bytes = futures::stream::iter([Ok(bytes::Bytes::from_static(b"id\n1\n2\n"))]).boxed();
            objects
                .put(&ObjectAddress::new("bucket", key), bytes, ObjectAttributes::default())
                .await
                .unwrap();
        }
        let task = json!({"from": ["gs://bucket/z/*.csv"], "destinationTable": "d.t", "autodetect": true});
        let run = platform.run_attempt(1, LoadFromGcs::TYPE, task).await;
        assert_eq!(run.result.error, None);
        assert_eq!(run.result.outputs["rows"], 4);
        let none = json!({"from": ["gs://bucket/none.csv"], "destinationTable": "d.t", "autodetect": true});
        let error = platform.run_attempt(2, LoadFromGcs::TYPE, none).await.result.error.unwrap();
        assert!(error.contains("gs://bucket/none.csv"), "{error}");
    }
}
