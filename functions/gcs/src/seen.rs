//! The memory of a trigger: the objects it has seen, with their generations. Objects that are gone are forgotten.

use segue_task::{TaskContext, TaskError, memory};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The objects that a trigger has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen(BTreeMap<String, u64>);

impl Seen {
    /// The memory that [`Self::write`] has written. Empty if there is none.
    pub(crate) async fn read(context: &TaskContext, kept: Option<&str>) -> Result<Self, TaskError> {
        let Some(kept) = kept else { return Ok(Self::default()) };
        serde_json::from_str(&memory::recall(context, kept).await?)
            .map_err(|error| TaskError::failed(format!("the memory of the trigger cannot be read: {error}")))
    }

    /// The generation of an object that was seen.
    pub(crate) fn generation(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// Remembers an object.
    pub(crate) fn add(&mut self, name: &str, generation: u64) {
        self.0.insert(name.to_owned(), generation);
    }

    /// The memory as the trigger's state keeps it.
    pub(crate) async fn write(
        &self,
        context: &TaskContext,
        before: Option<&str>,
    ) -> Result<String, TaskError> {
        let text = serde_json::to_string(self).map_err(|error| TaskError::failed(error.to_string()))?;
        memory::keep(context, "seen", text, before).await
    }
}
