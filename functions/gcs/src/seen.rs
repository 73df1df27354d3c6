//! The memory of a trigger: the objects it has seen, with their generations. Objects that are gone are forgotten.

use jiff::SignedDuration;
use segue_model::execution::slug;
use segue_ports::InternalStorage;
use segue_ports::object::ObjectInfo;
use segue_ports::storage::PLATFORM_FOLDER;
use segue_task::{TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The largest memory that is a part of the trigger's state, in bytes. A larger one is a file.
const LARGEST_TEXT: usize = 8 * 1024;
/// The largest file of a memory, in bytes.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;
/// The age of a memory that no look on its way can name. A lost look is repeated after an hour.
const OLD: SignedDuration = SignedDuration::from_hours(3);

/// The objects that a trigger has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen(BTreeMap<String, u64>);

impl Seen {
    /// The memory that [`Self::write`] has written. Empty if there is none.
    pub(crate) async fn read(context: &TaskContext, memory: Option<&str>) -> Result<Self, TaskError> {
        let Some(memory) = memory else { return Ok(Self::default()) };
        let wrong = |error| TaskError::failed(format!("the memory of the trigger cannot be read: {error}"));
        if !memory.starts_with("kestra://") {
            return serde_json::from_str(memory).map_err(wrong);
        }
        let text = context.ports().storage.get_text(memory, LARGEST_FILE).await?;
        serde_json::from_str(&text).map_err(wrong)
    }

    /// The generation of an object that was seen.
    pub(crate) fn generation(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// Remembers an object.
    pub(crate) fn add(&mut self, name: &str, generation: u64) {
        self.0.insert(name.to_owned(), generation);
    }

    /// The memory as a text, or the URI of a file with this text. The name of the file follows from its content: two
    /// processes that look at once may see different objects, and one of their results counts.
    pub(crate) async fn write(
        &self,
        context: &TaskContext,
        before: Option<&str>,
    ) -> Result<String, TaskError> {
        let text = serde_json::to_string(self).map_err(|error| TaskError::failed(error.to_string()))?;
        if text.len() <= LARGEST_TEXT {
            return Ok(text);
        }
        let message = context.message();
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let (flow, trigger) = (slug(&message.flow_id), slug(&message.task_id));
        let folder = format!("{PLATFORM_FOLDER}/triggers/{}/{flow}/{trigger}", message.namespace);
        let path = format!("{folder}/seen-{:016x}.json", hasher.finish());
        context.ports().storage.put_text(&path, text).await?;
        let uri = InternalStorage::uri(&path);
        remove_old(context, &folder, &[before, Some(&uri)]).await?;
        Ok(uri)
    }
}

/// Removes files of earlier memories. A younger file may belong to the result of a look that is still on its way.
async fn remove_old(context: &TaskContext, folder: &str, kept: &[Option<&str>]) -> Result<(), TaskError> {
    let storage = &context.ports().storage;
    let now = context.message().dispatched_at;
    for (uri, _) in storage.list(folder).await? {
        if kept.contains(&Some(uri.as_str())) {
            continue;
        }
        let is_old = |info: ObjectInfo| now.duration_since(info.updated) > OLD;
        if storage.head(&uri).await?.is_some_and(is_old) {
            storage.delete(&uri).await?;
        }
    }
    Ok(())
}
