//! The memory of a trigger: the objects it has seen, with their generations, and the new objects that wait for the next
//! execution. Objects that are gone are forgotten.
//!
//! One listing finds all new objects, and an execution gets only some of them. The others wait in the memory, so that the
//! next look does not list the bucket again. Otherwise the work would grow with the square of the number of objects.

use segue_task::{TaskContext, TaskError, memory};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// The objects that a trigger has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    objects: BTreeMap<String, u64>,
    /// The names of new objects that wait, in their order.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    waiting: VecDeque<String>,
    /// The selection that found the waiting objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    selection: String,
}

/// What earlier versions have written: names with generations.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Seen(Seen),
    Earlier(BTreeMap<String, u64>),
}

impl Seen {
    /// The memory that [`Self::write`] has written. Empty if there is none.
    pub(crate) async fn read(context: &TaskContext, kept: Option<&str>) -> Result<Self, TaskError> {
        let Some(kept) = kept else { return Ok(Self::default()) };
        Self::parse(&memory::recall(context, kept).await?)
    }

    fn parse(text: &str) -> Result<Self, TaskError> {
        match serde_json::from_str(text) {
            Ok(Stored::Seen(seen)) => Ok(seen),
            Ok(Stored::Earlier(objects)) => Ok(Self { objects, ..Self::default() }),
            Err(error) => {
                Err(TaskError::failed(format!("the memory of the trigger cannot be read: {error}")))
            }
        }
    }

    /// The generation of an object that was seen.
    pub(crate) fn generation(&self, name: &str) -> Option<u64> {
        self.objects.get(name).copied()
    }

    /// Remembers an object.
    pub(crate) fn add(&mut self, name: &str, generation: u64) {
        self.objects.insert(name.to_owned(), generation);
    }

    /// Takes the next waiting object. None if nothing waits, or if other objects are selected now.
    pub(crate) fn next(&mut self, selection: &str) -> Option<String> {
        if self.selection != selection {
            self.waiting.clear();
        }
        let next = self.waiting.pop_front();
        if self.waiting.is_empty() {
            self.selection.clear();
        }
        next
    }

    /// Lets a new object wait for the next look.
    pub(crate) fn wait(&mut self, name: &str, selection: &str) {
        self.waiting.push_back(name.to_owned());
        selection.clone_into(&mut self.selection);
    }

    /// Whether a new object waits.
    pub(crate) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_an_earlier_version_is_read() {
        let seen = Seen::parse(r#"{"a.csv": 3, "objects": 4}"#).unwrap();
        assert_eq!((seen.generation("a.csv"), seen.generation("objects")), (Some(3), Some(4)));
        assert!(!seen.has_more());
        assert!(Seen::parse("[]").unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn objects_wait_for_their_own_selection() {
        let mut seen = Seen::default();
        seen.wait("a", "gs://b/in/");
        seen.wait("b", "gs://b/in/");
        let mut read = Seen::parse(&serde_json::to_string(&seen).unwrap()).unwrap();
        assert_eq!(read, seen);
        assert_eq!(read.next("gs://b/in/"), Some("a".to_owned()));
        assert_eq!(seen.next("gs://b/other/"), None);
        assert!(!seen.has_more() && read.has_more());
    }
}
