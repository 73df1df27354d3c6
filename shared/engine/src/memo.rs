//! The data that the engine stores with a task run, in addition to its state and outputs: the entries of
//! [`TaskRun::memo`].
//!
//! The memo is JSON, because the state store keeps it without reading it. The memo of a loop may have 100 000 values,
//! so each entry is read separately. Each entry is a constant here, with the type of its value. The keys occur in no
//! other file of the engine. The batches of a ForEachItem and the call of a Subflow have several entries; their structs
//! are `Pieces` and `Call`.
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

/// How many times a flowable began its children again; 0 the first time. For a loop, this is the number of the round
/// minus one. Children of another epoch have other ids.
pub(crate) const EPOCH: Entry<u64> = Entry::new("epoch");
/// The timeout of a flowable.
pub(crate) const LIMIT: Entry<SignedDuration> = Entry::new("limit");
/// The time at which the timeout of a flowable is over.
pub(crate) const UNTIL: Entry<Timestamp> = Entry::new("until");
/// True if the timeout of a flowable has stopped its children.
pub(crate) const TIMED_OUT: Entry<bool> = Entry::new("timedOut");
/// The final state of a flowable, independent of the states of its children.
pub(crate) const FORCED: Entry<State> = Entry::new("forced");
/// The time of the next attempt.
pub(crate) const RETRY: Entry<Timestamp> = Entry::new("retry");
/// The sums of the metrics that a service reported, by name. The API reads this entry too.
pub(crate) const METRICS: Entry<Map> = Entry::new("metrics");
/// The end of a Pause or a Sleep.
pub(crate) const DUE: Entry<Timestamp> = Entry::new("due");
/// What happens at the end of a Pause.
pub(crate) const BEHAVIOR: Entry<PauseBehavior> = Entry::new("behavior");
/// The number of a loop's round, from 1.
pub(crate) const ROUND: Entry<u64> = Entry::new("round");
/// The begin of a loop's first round.
pub(crate) const SINCE: Entry<Timestamp> = Entry::new("since");
/// The begin of a loop's next round.
pub(crate) const NEXT: Entry<Timestamp> = Entry::new("next");
/// The values of a ForEach, as texts.
pub(crate) const VALUES: Entry<Vec<String>> = Entry::new("values");
/// The keys of the values, if the values come from a map.
pub(crate) const KEYS: Entry<Vec<String>> = Entry::new("keys");
/// The iterations with the same value as an earlier iteration, in order.
pub(crate) const REPEATED: Entry<Vec<usize>> = Entry::new("repeated");
/// The chosen branch of an If or a Switch: `then`, `else` or `defaults`.
pub(crate) const BRANCH: Entry<String> = Entry::new("branch");
/// The number of the chosen case of a Switch.
pub(crate) const CASE: Entry<usize> = Entry::new("case");
/// The stage of a WorkingDirectory. If it is absent, the children run.
pub(crate) const STAGE: Entry<Stage> = Entry::new("stage");
/// True if the files of a WorkingDirectory were collected.
pub(crate) const COLLECTED: Entry<bool> = Entry::new("collected");
/// True if a child of a WorkingDirectory failed. Then no file is kept.
pub(crate) const BROKEN: Entry<bool> = Entry::new("broken");

/// An entry of a memo.
pub(crate) struct Entry<T> {
    key: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Entry<T> {
    const fn new(key: &'static str) -> Self {
        Self { key, value: PhantomData }
    }

    /// The value as it is stored, or `null`; `None` if the memo has no such entry.
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

    /// Removes the entry.
    pub(crate) fn remove(&self, memo: &mut Json) {
        if let Json::Object(entries) = memo {
            entries.shift_remove(self.key);
        }
    }

    /// Copies the entry from another memo, if the other memo has it.
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
    /// The value; `None` if the entry is absent or `null`.
    pub(crate) fn get(&self, memo: &Json) -> Option<T> {
        T::deserialize(self.stored(memo)?).ok()
    }
}

impl<T: Serialize> Entry<T> {
    /// Sets the value. A value that JSON cannot express becomes `null`.
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
