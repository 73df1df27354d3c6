//! `gcs.List`.

use crate::blob::Blob;
use crate::google::Google;
use crate::listing::{Choice, Filter, at_most};
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Lists objects and folders of a bucket.
///
/// ```yaml
/// id: list
/// type: io.kestra.plugin.gcp.gcs.List
/// from: "gs://my-bucket/incoming/"
/// filter: FILES
/// regExp: ".*\\.csv"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct List {
    /// The objects and folders to list.
    #[serde(flatten)]
    pub choice: Choice,
    /// Objects, folders or both.
    #[serde(default)]
    pub filter: Filter,
    /// The largest number of results. Default: 25.
    pub max_files: Option<usize>,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The results, in the order of their names.
    pub blobs: Vec<Blob>,
}

impl Task for List {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.List";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let blobs = self.choice.blobs(&*objects, self.filter).await?;
        let blobs = at_most(context, blobs, self.max_files);
        context.metric_counter("size", blobs.len() as f64);
        context.info(format!("{} are under {}", blobs.len(), self.choice.from));
        Ok(Output { blobs })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::{Value, json};

    async fn names(platform: &Platform, more: Value) -> Vec<String> {
        let mut task = json!({"type": "io.kestra.plugin.gcp.gcs.List", "from": "gs://b-1/"});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let outputs = platform.run(task).await.outputs();
        let blobs = outputs["blobs"].as_array().unwrap();
        blobs.iter().map(|blob| blob["name"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn depth_kind_expression_and_number_choose() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for name in ["a.csv", "d/b.csv", "d/e/c.txt"] {
            platform.put(&format!("gs://b-1/{name}"), b"x").await;
        }
        assert_eq!(names(&platform, json!({})).await, ["a.csv", "d/"]);
        assert_eq!(names(&platform, json!({"filter": "FILES"})).await, ["a.csv"]);
        assert_eq!(names(&platform, json!({"filter": "DIRECTORY"})).await, ["d/"]);
        assert_eq!(
            names(&platform, json!({"listingType": "RECURSIVE"})).await,
            ["a.csv", "d/b.csv", "d/e/c.txt"]
        );
        assert_eq!(names(&platform, json!({"from": "gs://b-1/d/"})).await, ["d/b.csv", "d/e/"]);
        let chosen = json!({"listingType": "RECURSIVE", "regExp": "gs://b-1/.*\\.csv"});
        assert_eq!(names(&platform, chosen).await, ["a.csv", "d/b.csv"]);
        assert!(
            names(&platform, json!({"regExp": "a\\.csv"})).await.is_empty(),
            "the whole address is to match"
        );
        assert_eq!(names(&platform, json!({"listingType": "RECURSIVE", "maxFiles": "1"})).await, ["a.csv"]);
    }

    #[tokio::test]
    async fn a_blob_is_described_and_a_missing_bucket_named() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        platform.put("gs://b-1/a.csv", b"1234").await;
        let task = json!({"type": "io.kestra.plugin.gcp.gcs.List", "from": "gs://b-1/"});
        let outputs = platform.run(task).await.outputs();
        let blob = &outputs["blobs"][0];
        assert_eq!((blob["uri"].clone(), blob["size"].clone()), (json!("gs://b-1/a.csv"), json!(4)));
        assert_eq!((blob["bucket"].clone(), blob["isDirectory"].clone()), (json!("b-1"), json!(false)));
        let task = json!({"type": "io.kestra.plugin.gcp.gcs.List", "from": "gs://no-such-bucket/"});
        assert!(platform.run(task).await.error().contains("no-such-bucket"));
        let task = json!({"type": "io.kestra.plugin.gcp.gcs.List", "from": "gs://b-1/", "regExp": "("});
        assert!(platform.run(task).await.error().contains("regular expression"));
    }
}
