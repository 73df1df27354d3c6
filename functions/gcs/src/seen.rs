//! The memory of a trigger: the objects it has seen, with their generations, and the new objects that wait for the next
//! execution. Objects that are gone are forgotten.
//!
//! One listing finds all new objects, and an execution gets only some of them. The others wait in the memory, so that the
//! next look does not list the bucket again. Otherwise the work would grow with the square of the number of objects.
//!
//! A large memory is a file. A look that only takes objects which wait does not write the file again: it remembers how
//! many objects were taken since.

use segue_task::{TaskContext, TaskError, memory};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// The objects that a trigger has seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    objects: BTreeMap<String, u64>,
    /// The names of new objects that wait, in their order.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    waiting: VecDeque<String>,
    /// The selection that found the waiting objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    selection: String,
    /// The file that has this memory, apart from what was taken since. None if there is no such file.
    #[serde(skip)]
    since: Option<Since>,
}

/// What was taken since a file was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Since {
    /// The URI of the file.
    file: String,
    /// The objects that waited first. Each has the generation that was seen, or none if it was not new any more.
    taken: Vec<Option<u64>>,
}

/// What a trigger keeps.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Since(Since),
    Seen(Seen),
    /// Names with generations, which earlier versions have written.
    Earlier(BTreeMap<String, u64>),
}

/// Two memories are equal if they remember the same, wherever it is written.
impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        (&self.objects, &self.waiting, &self.selection) == (&other.objects, &other.waiting, &other.selection)
    }
}

impl Seen {
    /// The memory that [`Self::write`] has written. Empty if there is none.
    pub(crate) async fn read(context: &TaskContext, kept: Option<&str>) -> Result<Self, TaskError> {
        let Some(kept) = kept else { return Ok(Self::default()) };
        let text = memory::recall(context, kept).await?;
        let since = match parse(&text)? {
            Stored::Since(since) => since,
            Stored::Earlier(objects) => return Ok(Self { objects, ..Self::default() }),
            Stored::Seen(seen) if memory::is_file(kept) => {
                let since = Since { file: kept.to_owned(), taken: Vec::new() };
                return Ok(Self { since: Some(since), ..seen });
            }
            Stored::Seen(seen) => return Ok(seen),
        };
        match parse(&memory::recall(context, &since.file).await?)? {
            Stored::Seen(seen) => Ok(seen.without(since)),
            Stored::Since(_) | Stored::Earlier(_) => {
                Err(TaskError::failed(format!("{} is not the memory of the trigger", since.file)))
            }
        }
    }

    /// The memory after objects were taken.
    fn without(mut self, since: Since) -> Self {
        for generation in &since.taken {
            let name = self.waiting.pop_front();
            if let (Some(name), Some(generation)) = (name, generation) {
                self.objects.insert(name, *generation);
            }
        }
        self.clear_selection();
        Self { since: Some(since), ..self }
    }

    /// The generation of an object that was seen.
    pub(crate) fn generation(&self, name: &str) -> Option<u64> {
        self.objects.get(name).copied()
    }

    /// Remembers an object.
    pub(crate) fn add(&mut self, name: &str, generation: u64) {
        self.objects.insert(name.to_owned(), generation);
    }

    /// The next waiting object. None if nothing waits, or if other objects are selected now. [`Self::take`] follows.
    pub(crate) fn next(&mut self, selection: &str) -> Option<String> {
        if self.selection != selection {
            self.waiting.clear();
            self.since = None;
            self.clear_selection();
        }
        self.waiting.front().cloned()
    }

    /// Takes the next waiting object, and remembers its generation if it is new.
    pub(crate) fn take(&mut self, generation: Option<u64>) {
        let Some(name) = self.waiting.pop_front() else { return };
        self.clear_selection();
        if let Some(since) = &mut self.since {
            since.taken.push(generation);
        }
        self.objects.extend(generation.map(|generation| (name, generation)));
    }

    fn clear_selection(&mut self) {
        if self.waiting.is_empty() {
            self.selection.clear();
        }
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

    /// The memory as the trigger's state keeps it. `before` is the memory that was read.
    pub(crate) async fn write(&self, context: &TaskContext, before: &Self) -> Result<String, TaskError> {
        if let Some(since) = &self.since {
            let text = json(since)?;
            if text.len() <= memory::LARGEST_TEXT {
                return Ok(text);
            }
        }
        let file = before.since.as_ref().map(|since| since.file.as_str());
        memory::keep(context, "seen", json(self)?, file).await
    }
}

fn json(value: &impl Serialize) -> Result<String, TaskError> {
    serde_json::to_string(value).map_err(|error| TaskError::failed(error.to_string()))
}

fn parse(text: &str) -> Result<Stored, TaskError> {
    serde_json::from_str(text)
        .map_err(|error| TaskError::failed(format!("the memory of the trigger cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_an_earlier_version_is_read() {
        let Ok(Stored::Earlier(seen)) = parse(r#"{"a.csv": 3, "objects": 4}"#) else {
            panic!("names with generations");
        };
        assert_eq!(seen, BTreeMap::from([("a.csv".to_owned(), 3), ("objects".to_owned(), 4)]));
        assert!(parse("[]").err().unwrap().to_string().contains("cannot be read"));
    }

    #[test]
    fn objects_wait_for_their_own_selection() {
        let mut seen = Seen::default();
        seen.wait("a", "gs://b/in/");
        seen.wait("b", "gs://b/in/");
        let mut read = seen.clone();
        assert_eq!(read.next("gs://b/in/"), Some("a".to_owned()));
        read.take(Some(7));
        assert_eq!((read.generation("a"), read.has_more()), (Some(7), true));
        assert_eq!(seen.next("gs://b/other/"), None);
        assert!(!seen.has_more());
    }

    #[test]
    fn what_was_taken_since_a_file_was_written_does_not_wait() {
        let mut seen = Seen::default();
        ["a", "b", "c"].iter().for_each(|name| seen.wait(name, "gs://b/in/"));
        let Ok(Stored::Seen(written)) = parse(&json(&seen).unwrap()) else { panic!("a memory") };
        seen.since = Some(Since { file: "kestra:///f".to_owned(), taken: Vec::new() });
        seen.take(Some(7));
        seen.take(None);
        let Ok(Stored::Since(since)) = parse(&json(&seen.since).unwrap()) else { panic!("what was taken") };
        let mut read = written.without(since);
        assert_eq!(read, seen);
        assert_eq!((read.generation("a"), read.generation("b")), (Some(7), None));
        assert_eq!(read.next("gs://b/in/"), Some("c".to_owned()));
    }
}
