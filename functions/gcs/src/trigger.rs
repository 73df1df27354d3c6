//! `gcs.Trigger`: new objects in a bucket start executions.

use crate::blob::Blob;
use crate::download::fetch;
use crate::downloads::{Action, put_away, target};
use crate::google::Google;
use crate::listing::{Choice, Filter};
use crate::seen::Seen;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::ObjectStore;
use segue_ports::object::ObjectAddress;
use segue_task::{Find, PollingTrigger, TaskContext, TaskError, find_outputs};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The largest number of objects of one execution, as in Kestra.
const MAX_FILES: usize = 25;

/// Starts an execution when there are new objects in a bucket. The objects are copied to internal storage, and then
/// moved, removed, or left. Objects that are left are remembered, so each starts one execution.
///
/// ```yaml
/// id: incoming
/// namespace: company.team
/// tasks:
///   - id: each
///     type: io.kestra.plugin.core.flow.ForEach
///     values: "{{ trigger.blobs | jq('.[].uri') }}"
///     tasks:
///       - id: say
///         type: io.kestra.plugin.core.log.Log
///         message: "{{ read(taskrun.value) }}"
/// triggers:
///   - id: watch
///     type: io.kestra.plugin.gcp.gcs.Trigger
///     interval: PT5M
///     from: gs://my-bucket/incoming/
///     action: MOVE
///     moveDirectory: gs://my-bucket/done/
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The objects.
    #[serde(flatten)]
    pub choice: Choice,
    /// What happens to the objects once the execution was created.
    #[serde(default)]
    pub action: Action,
    /// The folder they are moved to: `gs://bucket/folder/`.
    pub move_directory: Option<String>,
    /// The largest number of objects of one execution. Default: 25. If there are more, the next execution gets them
    /// as soon as this one has ended.
    pub max_files: Option<usize>,
    /// Which objects count as new.
    #[serde(default)]
    pub on: On,
    /// Accepted, and has no effect: each trigger has its own memory.
    pub state_key: Option<String>,
    /// Accepted, and has no effect: an object is remembered as long as it is in the bucket.
    pub state_ttl: Option<String>,
    /// The project and the credentials.
    #[serde(flatten)]
    pub google: Google,
}

/// Which objects count as new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum On {
    /// Objects with a name that was not there before.
    Create,
    /// Objects that were replaced.
    Update,
    /// Both.
    #[default]
    CreateOrUpdate,
}

impl On {
    /// Whether an object with this generation is new, if `seen` is the generation that was seen before.
    fn is_new(self, seen: Option<u64>, generation: u64) -> bool {
        match (self, seen) {
            (Self::Create | Self::CreateOrUpdate, None) => true,
            (Self::Update, None) | (Self::Create, Some(_)) => false,
            (Self::Update | Self::CreateOrUpdate, Some(seen)) => seen != generation,
        }
    }
}

/// The variables of a find.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Blobs {
    /// The new objects. `uri` is the copy in internal storage.
    pub blobs: Vec<Blob>,
}

impl PollingTrigger for Trigger {
    const TYPE: &'static str = "io.kestra.plugin.gcp.gcs.Trigger";
    type Variables = Blobs;

    async fn look(self, context: &TaskContext, memory: Option<&str>) -> Result<Find, TaskError> {
        let objects = self.google.objects(context)?;
        let target = target(self.action, self.move_directory.as_deref())?;
        let seen = Seen::read(context, memory).await?;
        let (mut now, mut new) = self.waiting(&*objects, seen.clone()).await?;
        if new.is_empty() {
            (now, new) = self.listed(&*objects, &seen, target.as_ref()).await?;
        }
        let more = now.has_more();
        let memory = if now == seen { None } else { Some(now.write(context, &seen).await?) };
        if new.is_empty() {
            return Ok(Find { memory, ..Find::default() });
        }
        let mut blobs = Vec::new();
        for blob in &new {
            // Two objects may have the same last part of their names.
            let (uri, _) = fetch(context, &*objects, &blob.address(), &blob.name).await?;
            blobs.push(Blob { uri, ..blob.clone() });
        }
        context.info(format!("{} new objects are in internal storage", blobs.len()));
        let variables = find_outputs(&Blobs { blobs }, true)?.variables;
        let names: Vec<&str> = new.iter().map(|blob| blob.uri.as_str()).collect();
        let settle = (self.action != Action::None).then(|| json!(names));
        Ok(Find { variables, memory, more, settle })
    }

    async fn settle(self, context: &TaskContext, left: Json) -> Result<(), TaskError> {
        let objects = self.google.objects(context)?;
        let target = target(self.action, self.move_directory.as_deref())?;
        let names: Vec<String> = serde_json::from_value(left)
            .map_err(|error| TaskError::failed(format!("the find is not a list of objects: {error}")))?;
        for name in names {
            put_away(&*objects, &ObjectAddress::parse(&name)?, target.as_ref(), self.action).await?;
        }
        Ok(())
    }
}

impl Trigger {
    fn most(&self) -> usize {
        self.max_files.unwrap_or(MAX_FILES).max(1)
    }

    /// A text that changes with the objects that the trigger selects.
    fn selection(&self) -> String {
        let Choice { from, listing_type, reg_exp, .. } = &self.choice;
        format!("{from} {listing_type:?} {} {:?}", reg_exp.as_deref().unwrap_or_default(), self.on)
    }

    /// The next of the objects that an earlier look found, as they are now.
    async fn waiting(
        &self,
        objects: &dyn ObjectStore,
        mut seen: Seen,
    ) -> Result<(Seen, Vec<Blob>), TaskError> {
        let bucket = ObjectAddress::parse(self.choice.from.trim())?.bucket;
        let (selection, mut new) = (self.selection(), Vec::new());
        while new.len() < self.most()
            && let Some(name) = seen.next(&selection)
        {
            // The object may be gone, or replaced.
            let there = objects.head(&ObjectAddress::new(&bucket, &name)).await?;
            let there = there.filter(|info| self.on.is_new(seen.generation(&name), info.generation));
            seen.take(there.as_ref().map(|info| info.generation));
            new.extend(there.map(Blob::from_info));
        }
        Ok((seen, new))
    }

    /// The new objects in the bucket. Those above the largest number wait.
    async fn listed(
        &self,
        objects: &dyn ObjectStore,
        seen: &Seen,
        target: Option<&ObjectAddress>,
    ) -> Result<(Seen, Vec<Blob>), TaskError> {
        let mut there = self.choice.blobs(objects, Filter::Files).await?;
        // What was moved is not new, also if it is below `from`.
        there.retain(|blob| target.is_none_or(|target| !is_below(blob, target)));
        let (selection, mut now, mut new) = (self.selection(), Seen::default(), Vec::new());
        for blob in there {
            let generation = blob.generation.unwrap_or_default();
            let before = seen.generation(&blob.name);
            if !self.on.is_new(before, generation) {
                now.add(&blob.name, generation);
            } else if new.len() < self.most() {
                now.add(&blob.name, generation);
                new.push(blob);
            } else {
                // It stays as new as it is.
                before.into_iter().for_each(|before| now.add(&blob.name, before));
                now.wait(&blob.name, &selection);
            }
        }
        Ok((now, new))
    }
}

fn is_below(blob: &Blob, folder: &ObjectAddress) -> bool {
    let prefix = folder.key.trim_end_matches('/');
    blob.bucket == folder.bucket
        && !prefix.is_empty()
        && blob.name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;

    fn trigger(more: Json) -> Json {
        let mut trigger = json!({"type": Trigger::TYPE, "from": "gs://b-1/in/"});
        trigger.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        trigger
    }

    async fn filled(names: &[&str]) -> Platform {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for name in names {
            platform.put(&format!("gs://b-1/in/{name}"), name.as_bytes()).await;
        }
        platform
    }

    fn names(find: &Find) -> Vec<String> {
        let Some(variables) = &find.variables else { return Vec::new() };
        let name = |blob: &Json| blob["name"].as_str().unwrap().to_owned();
        variables["blobs"].as_array().unwrap().iter().map(name).collect()
    }

    #[tokio::test]
    async fn what_was_seen_is_not_new_and_what_was_replaced_is() {
        let platform = filled(&["a.csv", "b.csv"]).await;
        let first = platform.find(trigger(json!({})), None).await;
        assert_eq!(names(&first), ["in/a.csv", "in/b.csv"]);
        assert!(!first.more && first.settle.is_none());
        let uri = first.variables.as_ref().unwrap()["blobs"][0]["uri"].as_str().unwrap();
        assert_eq!(platform.stored(uri).await, b"a.csv");
        let memory = first.memory.clone();
        let none = platform.find(trigger(json!({})), memory.as_deref()).await;
        assert_eq!(none, Find::default(), "nothing is new, and nothing is written");
        platform.put("gs://b-1/in/a.csv", b"new").await;
        platform.put("gs://b-1/in/c.csv", b"c").await;
        for (on, expected) in [
            ("CREATE", &["in/c.csv"][..]),
            ("UPDATE", &["in/a.csv"]),
            ("CREATE_OR_UPDATE", &["in/a.csv", "in/c.csv"]),
        ] {
            let find = platform.find(trigger(json!({"on": on})), memory.as_deref()).await;
            assert_eq!(names(&find), expected, "{on}");
        }
    }

    #[tokio::test]
    async fn updates_are_seen_from_the_first_look_on() {
        let platform = filled(&["a.csv"]).await;
        let first = platform.find(trigger(json!({"on": "UPDATE"})), None).await;
        assert!(first.variables.is_none());
        platform.put("gs://b-1/in/a.csv", b"new").await;
        let second = platform.find(trigger(json!({"on": "UPDATE"})), first.memory.as_deref()).await;
        assert_eq!(names(&second), ["in/a.csv"]);
    }

    #[tokio::test]
    async fn objects_come_in_batches() {
        let platform = filled(&["1", "2", "3"]).await;
        let mut memory = None;
        let mut seen = Vec::new();
        for more in [true, false] {
            let find = platform.find(trigger(json!({"maxFiles": 2})), memory.as_deref()).await;
            assert_eq!(find.more, more);
            seen.push(names(&find));
            memory = find.memory;
        }
        assert_eq!(seen, [vec!["in/1", "in/2"], vec!["in/3"]]);
    }

    #[tokio::test]
    async fn waiting_objects_are_taken_as_they_are_then() {
        let platform = filled(&["1", "2", "3", "4"]).await;
        let one = trigger(json!({"maxFiles": 1}));
        let first = platform.find(one.clone(), None).await;
        assert_eq!((names(&first), first.more), (vec!["in/1".to_owned()], true));
        platform.delete("gs://b-1/in/2").await;
        platform.put("gs://b-1/in/3", b"replaced").await;
        platform.put("gs://b-1/in/0", b"late").await;
        let second = platform.find(one.clone(), first.memory.as_deref()).await;
        assert_eq!(names(&second), ["in/3"], "an object that is gone is left out");
        let uri = second.variables.as_ref().unwrap()["blobs"][0]["uri"].as_str().unwrap();
        assert_eq!(platform.stored(uri).await, b"replaced");
        let third = platform.find(one.clone(), second.memory.as_deref()).await;
        assert_eq!((names(&third), third.more), (vec!["in/4".to_owned()], false));
        let fourth = platform.find(one.clone(), third.memory.as_deref()).await;
        assert_eq!(names(&fourth), ["in/0"], "the bucket is listed again once nothing waits");
        assert_eq!(
            platform.find(one, fourth.memory.as_deref()).await.variables,
            None,
            "the replaced one counted"
        );
    }

    #[tokio::test]
    async fn objects_that_wait_are_forgotten_with_their_selection() {
        let platform = filled(&["1", "2"]).await;
        platform.put("gs://b-1/other/x", b"").await;
        let first = platform.find(trigger(json!({"maxFiles": 1})), None).await;
        let other = trigger(json!({"maxFiles": 1, "from": "gs://b-1/other/"}));
        let second = platform.find(other, first.memory.as_deref()).await;
        assert_eq!((names(&second), second.more), (vec!["other/x".to_owned()], false));
    }

    /// The looks that follow one another read the bucket once, not once for each execution.
    #[tokio::test]
    async fn a_thousand_objects_are_listed_once() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for number in 0..1_000 {
            platform.put(&format!("gs://b-1/in/{number:04}"), b"").await;
        }
        let one = trigger(json!({"maxFiles": 1}));
        let mut memory = platform.find(one.clone(), None).await.memory;
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            let find = platform.find(one.clone(), memory.as_deref()).await;
            assert!(find.more);
            // An object that a listing would find first.
            platform.put("gs://b-1/in/0000-a", b"").await;
            assert_ne!(names(&find), ["in/0000-a"]);
            memory = find.memory;
        }
        let each = begun.elapsed() / 20;
        println!("a look at one of 1,000 objects takes {each:?}");
    }

    #[tokio::test]
    async fn objects_are_moved_or_removed_after_their_execution_was_created() {
        let platform = filled(&["a", "b"]).await;
        let moves = trigger(
            json!({"action": "MOVE", "moveDirectory": "gs://b-1/in/done/", "listingType": "RECURSIVE"}),
        );
        let find = platform.find(moves.clone(), None).await;
        assert!(platform.head("gs://b-1/in/a").await.is_some(), "a look changes nothing");
        for _ in 0..2 {
            platform.settle(moves.clone(), find.settle.clone().unwrap()).await;
            assert!(platform.head("gs://b-1/in/a").await.is_none());
            assert_eq!(platform.get("gs://b-1/in/done/b").await, b"b");
        }
        let next = platform.find(moves, find.memory.as_deref()).await;
        assert!(next.variables.is_none(), "what was moved is not new");
        let platform = filled(&["a"]).await;
        let removes = trigger(json!({"action": "DELETE"}));
        let find = platform.find(removes.clone(), None).await;
        platform.settle(removes, find.settle.unwrap()).await;
        assert!(platform.head("gs://b-1/in/a").await.is_none());
        let error = platform.look(trigger(json!({"action": "MOVE"})), None).await.error();
        assert!(error.contains("moveDirectory"), "{error}");
        let error =
            platform.look(json!({"type": Trigger::TYPE, "from": "gs://no-bucket/"}), None).await.error();
        assert!(error.contains("no-bucket"), "{error}");
    }

    #[tokio::test]
    async fn a_large_memory_is_a_file() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for number in 0..400 {
            platform.put(&format!("gs://b-1/in/a-rather-long-name-of-an-object-{number}"), b"").await;
        }
        let all = trigger(json!({"maxFiles": 400}));
        let find = platform.find(all.clone(), None).await;
        let memory = find.memory.unwrap();
        assert!(memory.len() < 300, "{memory}");
        assert_eq!(platform.find(all, Some(&memory)).await, Find::default());
    }

    /// Otherwise a bucket with many new objects is a large file for each execution.
    #[tokio::test]
    async fn a_look_at_waiting_objects_writes_no_file() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        let object = |number: usize| format!("in/a-rather-long-name-of-an-object-{number:03}");
        for number in 0..400 {
            platform.put(&format!("gs://b-1/{}", object(number)), b"").await;
        }
        let some = trigger(json!({"maxFiles": 20}));
        let first = platform.find(some.clone(), None).await;
        let file = first.memory.clone().unwrap();
        assert!(file.starts_with("kestra:///") && file.len() < 300, "{file}");
        let (mut find, mut found) = (first.clone(), names(&first));
        while find.more {
            find = platform.find(some.clone(), find.memory.as_deref()).await;
            assert!(find.memory.as_ref().unwrap().contains(&file), "the first file is still the memory");
            found.extend(names(&find));
        }
        assert_eq!(found, (0..400).map(object).collect::<Vec<_>>());
        assert_eq!(platform.find(some.clone(), find.memory.as_deref()).await, Find::default());
        platform.put("gs://b-1/in/late", b"").await;
        let late = platform.find(some.clone(), find.memory.as_deref()).await;
        assert_eq!(names(&late), ["in/late"]);
        assert_eq!(platform.find(some, late.memory.as_deref()).await, Find::default());
    }

    #[tokio::test]
    async fn a_long_list_of_taken_objects_is_written_into_a_new_file() {
        let platform = Platform::new();
        platform.create_bucket("b-1").await;
        for number in 0..1_000 {
            platform.put(&format!("gs://b-1/in/{number:04}"), b"").await;
        }
        let some = trigger(json!({"maxFiles": 200}));
        let (mut memory, mut found) = (None, 0);
        loop {
            let find = platform.find(some.clone(), memory.as_deref()).await;
            found += names(&find).len();
            memory = find.memory.clone().or(memory);
            assert!(memory.as_ref().unwrap().len() < 9_000);
            if !find.more {
                break;
            }
        }
        assert_eq!(found, 1_000);
        assert_eq!(platform.find(some, memory.as_deref()).await, Find::default());
    }
}
