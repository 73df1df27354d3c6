//! `gcs.Downloads`: several objects become files of internal storage.

use crate::blob::Blob;
use crate::download::fetch;
use crate::google::Google;
use crate::listing::{Choice, Filter, at_most};
use schemars::JsonSchema;
use segue_model::Map;
use segue_ports::object::ObjectAddress;
use segue_ports::{InternalStorage, ObjectStore};
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// The largest list of objects that is read back after a crash, in bytes.
const NOTE_LIMIT: u64 = 64 * 1024 * 1024;

/// Copies objects into internal storage. Optionally removes or moves them afterwards.
///
/// ```yaml
/// id: incoming
/// type: io.kestra.plugin.gcp.gcs.Downloads
/// from: "gs://my-bucket/incoming/"
/// action: MOVE
/// moveDirectory: "gs://my-bucket/done/"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Downloads {
    /// The objects.
    #[serde(flatten)]
    pub choice: Choice,
    /// What happens to the objects.
    #[serde(default)]
    pub action: Action,
    /// The folder they are moved to: `gs://bucket/folder/`.
    pub move_directory: Option<String>,
    /// The largest number of results. Default: 25.
    pub max_files: Option<usize>,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// What happens to the objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// They stay.
    #[default]
    None,
    /// They are moved.
    Move,
    /// They are removed.
    Delete,
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The objects, with the URIs of the files.
    pub blobs: Vec<Blob>,
    /// URIs of the files by the objects' names.
    pub output_files: Map,
}

impl Task for Downloads {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Downloads";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let objects = self.google.objects(context)?;
        let target = target(self.action, self.move_directory.as_deref())?;
        let chosen = self.chosen(context, &*objects).await?;
        let (mut blobs, mut output_files) = (Vec::new(), Map::new());
        // All objects are fetched before the first is removed.
        for blob in &chosen {
            let uri = self.fetch(context, &*objects, blob).await?;
            output_files.insert(blob.name.clone(), uri.clone().into());
            blobs.push(Blob { uri, ..blob.clone() });
        }
        for blob in &chosen {
            put_away(&*objects, &blob.address(), target.as_ref(), self.action).await?;
        }
        let bytes: u64 = chosen.iter().map(|blob| blob.size).sum();
        context.metric_counter("size", bytes as f64);
        context.info(format!("{} objects with {bytes} bytes are in internal storage", blobs.len()));
        Ok(Output { blobs, output_files })
    }
}

/// The folder that objects are moved to. None if they are not moved.
pub(crate) fn target(action: Action, directory: Option<&str>) -> Result<Option<ObjectAddress>, TaskError> {
    match (action, directory) {
        (Action::Move, Some(directory)) => Ok(Some(ObjectAddress::parse(directory.trim())?)),
        (Action::Move, None) => Err(TaskError::failed(
            "action is MOVE, but moveDirectory is not set; set it to gs://bucket/folder/",
        )),
        (Action::None | Action::Delete, _) => Ok(None),
    }
}

/// Moves or removes an object. An object that is gone already stays gone.
pub(crate) async fn put_away(
    objects: &dyn ObjectStore,
    from: &ObjectAddress,
    target: Option<&ObjectAddress>,
    action: Action,
) -> Result<(), TaskError> {
    if let Some(target) = target
        && objects.head(from).await?.is_some()
    {
        let name = from.key.rsplit('/').next().unwrap_or(&from.key);
        let folder = target.key.trim_end_matches('/');
        let key = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        objects.copy(from, &ObjectAddress::new(&target.bucket, key), None).await?;
    }
    if action != Action::None {
        objects.delete(from).await?;
    }
    Ok(())
}

impl Downloads {
    /// The objects to fetch. If they will be removed, their list is stored first: after a crash, the bucket
    /// alone no longer shows which objects there were.
    async fn chosen(&self, context: &TaskContext, objects: &dyn ObjectStore) -> Result<Vec<Blob>, TaskError> {
        let note = context.storage_path(&format!("downloads-{}.json", context.message().attempt));
        let uri = InternalStorage::uri(&note);
        let notes = self.action != Action::None;
        if notes && context.storage().head(&uri).await?.is_some() {
            let text = context.storage().get_text(&uri, NOTE_LIMIT).await?;
            return serde_json::from_str(&text)
                .map_err(|error| TaskError::failed(format!("{uri} is not a list of objects: {error}")));
        }
        let blobs = self.choice.blobs(objects, Filter::Files).await?;
        let blobs = at_most(context, blobs, self.max_files);
        if notes {
            let text = serde_json::to_string(&blobs).map_err(|error| TaskError::failed(error.to_string()))?;
            context.storage().put_text(&note, text).await?;
        }
        Ok(blobs)
    }

    /// Fetches one object. If an earlier run of this attempt removed it, its file exists already.
    async fn fetch(
        &self,
        context: &TaskContext,
        objects: &dyn ObjectStore,
        blob: &Blob,
    ) -> Result<String, TaskError> {
        match fetch(context, objects, &blob.address(), &blob.name).await {
            Ok((uri, _)) => Ok(uri),
            Err(error) => {
                let name = segue_files::path::storage_name(&blob.name);
                let uri = InternalStorage::uri(&context.storage_path(&name));
                match context.storage().head(&uri).await? {
                    Some(_) if self.action != Action::None => Ok(uri),
                    _ => Err(error),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Platform;
    use serde_json::{Value, json};

    fn task(more: Value) -> Value {
        let mut task = json!({"type": "io.kestra.plugin.gcp.gcs.Downloads", "from": "gs://b-1/in/"});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    }

    async fn filled() -> Platform {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for name in ["in/a.csv", "in/b.csv", "in/c.txt", "in/deep/d.csv", "other/e.csv"] {
            platform.put(&format!("gs://b-1/{name}"), name.as_bytes()).await;
        }
        platform
    }

    #[tokio::test]
    async fn chosen_objects_become_files() {
        let platform = filled().await;
        let outputs = platform.run(task(json!({"regExp": ".*\\.csv"}))).await.outputs();
        let files = outputs["outputFiles"].as_object().unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["in/a.csv", "in/b.csv"]);
        assert_eq!(platform.stored(files["in/a.csv"].as_str().unwrap()).await, b"in/a.csv");
        let outputs = platform.run(task(json!({"listingType": "RECURSIVE", "maxFiles": 2}))).await.outputs();
        assert_eq!(outputs["blobs"].as_array().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn objects_are_moved_or_removed_and_a_second_delivery_gives_the_same() {
        let platform = filled().await;
        let moved = task(json!({"action": "MOVE", "moveDirectory": "gs://b-1/done", "regExp": ".*csv"}));
        let first = platform.run(moved.clone()).await.outputs();
        assert_eq!(first["outputFiles"].as_object().unwrap().len(), 2);
        assert!(platform.head("gs://b-1/in/a.csv").await.is_none());
        assert_eq!(platform.get("gs://b-1/done/b.csv").await, b"in/b.csv");
        assert_eq!(platform.run(moved).await.outputs(), first);
        let platform = filled().await;
        platform.run(task(json!({"action": "DELETE"}))).await.outputs();
        assert!(platform.head("gs://b-1/in/c.txt").await.is_none());
        assert!(platform.head("gs://b-1/in/deep/d.csv").await.is_some());
        let error = filled().await.run(task(json!({"action": "MOVE"}))).await.error();
        assert!(error.contains("moveDirectory"), "{error}");
    }
}
