//! `gcs.CreateBucket`.

use crate::google::Google;
use schemars::JsonSchema;
use segue_ports::PortError;
use segue_ports::object::{BucketInfo, BucketSpec};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Creates a bucket.
///
/// ```yaml
/// id: bucket
/// type: io.kestra.plugin.gcp.gcs.CreateBucket
/// name: "{{ kv('GCP_BUCKET_NAME') }}"
/// storageClass: REGIONAL
/// ifExists: SKIP
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateBucket {
    /// The settings of the bucket.
    #[serde(flatten)]
    pub properties: BucketProperties,
    /// What happens if the bucket exists.
    #[serde(default)]
    pub if_exists: IfExists,
}

/// The settings of a bucket.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketProperties {
    /// The name: 3 to 63 of `a-z 0-9 - _ .`. Names are shared with all other users of the service.
    pub name: String,
    /// `STANDARD`, `NEARLINE`, `COLDLINE`, `ARCHIVE`, `REGIONAL`, …
    pub storage_class: Option<String>,
    /// Any keys and values.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The project, the credentials and the location.
    #[serde(flatten)]
    pub google: Google,
}

/// What happens if the bucket exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IfExists {
    /// The task fails.
    #[default]
    Error,
    /// The bucket is changed.
    Update,
    /// The bucket is not changed.
    Skip,
}

/// The outputs of tasks on buckets.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Its name.
    pub bucket: String,
    /// `gs://bucket`.
    pub bucket_uri: String,
    /// Whether the bucket was created.
    pub created: bool,
    /// Whether the bucket was changed.
    pub updated: bool,
    /// The location of the bucket.
    pub location: Option<String>,
    /// Its class.
    pub storage_class: Option<String>,
    /// Any keys and values.
    pub labels: BTreeMap<String, String>,
    /// The time of creation.
    pub create_time: String,
    /// The time of the last change.
    pub update_time: String,
}

impl Output {
    /// Describes a bucket.
    pub(crate) fn from_info(info: BucketInfo, created: bool, updated: bool) -> Self {
        Self {
            bucket_uri: format!("gs://{}", info.name),
            bucket: info.name,
            created,
            updated,
            location: info.location,
            storage_class: info.storage_class,
            labels: info.labels,
            create_time: info.created.to_string(),
            update_time: info.updated.to_string(),
        }
    }
}

impl BucketProperties {
    pub(crate) fn spec(&self) -> BucketSpec {
        BucketSpec {
            name: self.name.trim().trim_start_matches("gs://").to_owned(),
            location: self.google.location.clone(),
            storage_class: self.storage_class.clone(),
            labels: self.labels.clone(),
        }
    }
}

impl Task for CreateBucket {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.CreateBucket";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.properties.google.objects(context)?;
        let spec = self.properties.spec();
        match objects.create_bucket(spec.clone()).await {
            Ok(info) => {
                context.info(format!("the bucket {} was made", info.name));
                return Ok(Output::from_info(info, true, false));
            }
            Err(PortError::AlreadyExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // A bucket with the same name that belongs to others is not visible.
        let Some(found) = objects.bucket(&spec.name).await? else {
            return Err(taken(
                &spec.name,
                "it belongs to another account; bucket names are shared by all users",
            ));
        };
        match self.if_exists {
            // The bucket was created after this attempt was dispatched, so a crashed run of this attempt
            // created it.
            IfExists::Error if found.created >= context.message().dispatched_at => {
                Ok(Output::from_info(found, true, false))
            }
            IfExists::Error => Err(taken(&spec.name, "it exists already")),
            IfExists::Skip => {
                context.info(format!("the bucket {} exists already", found.name));
                Ok(Output::from_info(found, false, false))
            }
            IfExists::Update => {
                let info = objects.update_bucket(spec).await?;
                context.info(format!("the bucket {} was changed", info.name));
                Ok(Output::from_info(info, false, true))
            }
        }
    }
}

fn taken(name: &str, why: &str) -> TaskError {
    TaskError::failed(format!(
        "the bucket name '{name}' is taken: {why}. Choose another name, or set ifExists to SKIP or UPDATE if the \
         bucket is yours"
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::json;

    const TYPE: &str = "io.kestra.plugin.gcp.gcs.CreateBucket";

    #[tokio::test]
    async fn a_bucket_is_made_once_and_then_taken() {
        let platform = Platform::new();
        let made = platform
            .run(json!({"type": TYPE, "name": "my-bucket", "location": "EU",
            "projectId": "p", "serviceAccount": "{}", "scopes": ["s"], "bucket": "x"}))
            .await
            .outputs();
        assert_eq!((made["created"].clone(), made["updated"].clone()), (json!(true), json!(false)));
        assert_eq!(made["bucketUri"], "gs://my-bucket");
        let again = platform.run(json!({"type": TYPE, "name": "my-bucket"})).await.error();
        assert!(again.contains("'my-bucket' is taken") && again.contains("ifExists"), "{again}");
        let skipped =
            platform.run(json!({"type": TYPE, "name": "my-bucket", "ifExists": "SKIP"})).await.outputs();
        assert_eq!((skipped["created"].clone(), skipped["updated"].clone()), (json!(false), json!(false)));
        let changed = platform
            .run(json!({"type": TYPE, "name": "my-bucket", "ifExists": "UPDATE", "labels": {"a": "b"}}))
            .await
            .outputs();
        assert_eq!((changed["updated"].clone(), changed["labels"].clone()), (json!(true), json!({"a": "b"})));
    }

    #[tokio::test]
    async fn a_second_delivery_of_the_same_attempt_finds_its_own_bucket() {
        let platform = Platform::new();
        let properties = json!({"type": TYPE, "name": "my-bucket"});
        platform.create_bucket("my-bucket").await;
        let outputs = platform.run_as_dispatched_long_ago(properties).await.outputs();
        assert_eq!(outputs["created"], true);
    }

    #[tokio::test]
    async fn a_bad_name_is_refused() {
        let platform = Platform::new();
        for name in ["A", "x", "a/b", ""] {
            platform.run(json!({"type": TYPE, "name": name})).await.error();
        }
    }
}
