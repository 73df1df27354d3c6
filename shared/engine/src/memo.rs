//! What the engine remembers of a task run, next to its state and outputs: entries of [`TaskRun::memo`].
//!
//! The memo is JSON, because the state store keeps it without reading it, and a loop's memo may have 100 000 values:
//! an entry is read alone. Each entry is a constant here with the type of its value; no other file of the engine has
//! the text of a key. The batches of a ForEachItem and the call of a Subflow are structs with several entries of their
//! own, `Pieces` and `Call`.
//!
//! How to add one more: a constant with its doc comment.
//!
//! [`TaskRun::memo`]: segue_model::task_run::TaskRun

use crate::stage::Stage;
use jiff::{SignedDuration, Timestamp};
use segue_model::state::State;
use segue_model::task::PauseBehavior;
use segue_model::{Json, Map};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// How often the children of a flowable were begun again: the number of the round, less one. They have other ids each
/// time.
pub(crate) const EPOCH: Entry<u64> = Entry::new("epoch");
/// How long a flowable may take.
pub(crate) const LIMIT: Entry<SignedDuration> = Entry::new("limit");
/// When the time of a flowable is over.
pub(crate) const UNTIL: Entry<Timestamp> = Entry::new("until");
/// The time of a flowable was over, and its children were stopped.
pub(crate) const TIMED_OUT: Entry<bool> = Entry::new("timedOut");
/// The state a flowable will end in, whatever its children say.
pub(crate) const FORCED: Entry<State> = Entry::new("forced");
/// When the next attempt begins.
pub(crate) const RETRY: Entry<Timestamp> = Entry::new("retry");
/// The sums of the metrics that a service reported, by name. The API reads this entry too.
pub(crate) const METRICS: Entry<Map> = Entry::new("metrics");
/// When a Pause or a Sleep is over.
pub(crate) const DUE: Entry<Timestamp> = Entry::new("due");
/// What happens to a Pause when it is over.
pub(crate) const BEHAVIOR: Entry<PauseBehavior> = Entry::new("behavior");
/// The number of a loop's round, from 1.
pub(crate) const ROUND: Entry<u64> = Entry::new("round");
/// When a loop's first round began.
pub(crate) const SINCE: Entry<Timestamp> = Entry::new("since");
/// When a loop's next round begins.
pub(crate) const NEXT: Entry<Timestamp> = Entry::new("next");
/// The values of a ForEach, as texts.
pub(crate) const VALUES: Entry<Vec<String>> = Entry::new("values");
/// The keys of these values, where they come from a map.
pub(crate) const KEYS: Entry<Vec<String>> = Entry::new("keys");
/// The iterations with a value that an earlier iteration has as well, in order.
pub(crate) const REPEATED: Entry<Vec<usize>> = Entry::new("repeated");
/// The branch of an If or a Switch that was chosen: `then`, `else` or `defaults`.
pub(crate) const BRANCH: Entry<String> = Entry::new("branch");
/// The number of the case of a Switch that was chosen.
pub(crate) const CASE: Entry<usize> = Entry::new("case");
/// Where a WorkingDirectory stands; its children are at work if this is not set.
pub(crate) const STAGE: Entry<Stage> = Entry::new("stage");
/// The files of a WorkingDirectory were collected.
pub(crate) const COLLECTED: Entry<bool> = Entry::new("collected");
/// A child of a WorkingDirectory failed: no file is kept.
pub(crate) const BROKEN: Entry<bool> = Entry::new("broken");

/// One entry of a memo.
pub(crate) struct Entry<T> {
    key: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Entry<T> {
    const fn new(key: &'static str) -> Self {
        Self { key, value: PhantomData }
    }

    /// The value as it is stored, `null` included; none if the memo has no such entry.
    pub(crate) fn stored<'a>(&self, memo: &'a Json) -> Option<&'a Json> {
        memo.get(self.key)
    }

    /// Whether the memo has a value that is not `null`.
    pub(crate) fn is_set(&self, memo: &Json) -> bool {
        self.stored(memo).is_some_and(|value| !value.is_null())
    }

    /// Sets the entry to `null`, which keeps its position.
    pub(crate) fn clear(&self, memo: &mut Json) {
        self.put(memo, Json::Null);
    }

    /// Takes the entry out.
    pub(crate) fn remove(&self, memo: &mut Json) {
        if let Json::Object(entries) = memo {
            entries.shift_remove(self.key);
        }
    }

    /// Copies the entry from another memo, if that has it.
    pub(crate) fn copy(&self, from: &Json, to: &mut Json) {
        if let Some(value) = self.stored(from) {
            self.put(to, value.clone());
        }
    }

    fn put(&self, memo: &mut Json, value: Json) {
        if !memo.is_object() {
            *memo = Json::Object(Map::new());
        }
        if let Json::Object(entries) = memo {
            entries.insert(self.key.to_owned(), value);
        }
    }
}

impl<T: DeserializeOwned> Entry<T> {
    /// The value; none if it is not set.
    pub(crate) fn get(&self, memo: &Json) -> Option<T> {
        T::deserialize(self.stored(memo)?).ok()
    }
}

impl<T: Serialize> Entry<T> {
    /// Sets the value. A value that JSON does not have becomes `null`.
    pub(crate) fn set(&self, memo: &mut Json, value: &T) {
        self.put(memo, serde_json::to_value(value).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_read_as_it_was_set() {
        let mut memo = Json::Null;
        STAGE.set(&mut memo, &Stage::Collect);
        EPOCH.set(&mut memo, &2);
        LIMIT.set(&mut memo, &SignedDuration::from_secs(5));
        FORCED.set(&mut memo, &State::Warning);
        assert_eq!(memo, json!({"stage": "collect", "epoch": 2, "limit": "PT5S", "forced": "WARNING"}));
        assert_eq!((EPOCH.get(&memo), STAGE.get(&memo)), (Some(2), Some(Stage::Collect)));
        assert_eq!(FORCED.get(&memo), Some(State::Warning));
        LIMIT.clear(&mut memo);
        assert_eq!((LIMIT.get(&memo), LIMIT.is_set(&memo)), (None, false));
        LIMIT.remove(&mut memo);
        assert_eq!(LIMIT.stored(&memo), None);
        assert_eq!(UNTIL.get(&Json::Null), None);
    }

    #[test]
    fn an_entry_is_copied_where_it_is() {
        let mut memo = json!({"branch": "then"});
        let last = json!({"epoch": 1, "until": null});
        EPOCH.copy(&last, &mut memo);
        UNTIL.copy(&last, &mut memo);
        LIMIT.copy(&last, &mut memo);
        assert_eq!(memo, json!({"branch": "then", "epoch": 1, "until": null}));
    }
}
