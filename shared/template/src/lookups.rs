//! The questions of expressions to the outside, as data.
//!
//! Rendering does no IO: the caller fetches the answers to [`LookupTable::take_pending`] and renders again.
//! To add a question: a [`Lookup`] variant and the function that asks it.

use crate::mask::Masker;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A question to the outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lookup {
    /// `kv()`: a value of the KV store.
    Kv {
        /// `None`: the flow's namespace, then each of its parents.
        namespace: Option<String>,
        /// The key.
        key: String,
    },
    /// The keys of a namespace in the KV store, as a list of texts (task type `kv.GetKeys`).
    KvKeys {
        /// The namespace; its parents are not searched.
        namespace: String,
    },
    /// `secret()`: a secret, as text.
    Secret {
        /// `None`: the flow's namespace, then each of its parents.
        namespace: Option<String>,
        /// The key, in any case.
        key: String,
        /// One field of a secret that holds a JSON object.
        subkey: Option<String>,
    },
    /// `read()`: the text of a file.
    Read {
        /// A `kestra://`, `nsfile://` or `file://` URI, or a namespace file's path.
        path: String,
        /// `None`: the flow's namespace.
        namespace: Option<String>,
    },
    /// `fileSize()`: a file's size in bytes.
    FileSize {
        /// As in [`Lookup::Read`].
        path: String,
        /// As in [`Lookup::Read`].
        namespace: Option<String>,
    },
    /// `fileExists()`: a boolean.
    FileExists {
        /// As in [`Lookup::Read`].
        path: String,
        /// As in [`Lookup::Read`].
        namespace: Option<String>,
    },
    /// `fileEmpty()` and `isFileEmpty()`: a boolean.
    FileEmpty {
        /// As in [`Lookup::Read`].
        path: String,
        /// As in [`Lookup::Read`].
        namespace: Option<String>,
    },
    /// `http()`: the parsed body of a response.
    Http {
        /// The arguments as one JSON object with sorted keys.
        request: String,
    },
    /// `errorLogs()`: the error log entries of this execution, as a list.
    ErrorLogs,
    /// The state of another execution, as text. Only the task `execution.Resume` asks this, not an
    /// expression.
    ExecutionState {
        /// The id of the execution.
        execution_id: String,
    },
    /// `randomPort()`: a free local port.
    RandomPort,
}

/// The answer to a [`Lookup`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The value.
    Found(serde_json::Value),
    /// There is no such key or file.
    Missing,
    /// The question was refused; the message says why.
    Failed(String),
    /// Not fetched yet.
    Pending,
}

/// Answers [`Lookup`]s. Answering must not do IO.
pub trait Lookups: Send + Sync + fmt::Debug {
    /// The answer known now.
    fn lookup(&self, lookup: &Lookup) -> Answer;
}

#[derive(Debug, Default)]
struct Table {
    answers: HashMap<Lookup, Answer>,
    pending: Vec<Lookup>,
    /// Secrets that did not come from an answer: those of inputs and outputs.
    learnt: Vec<String>,
    /// Masks both, and the secrets in answers that were forgotten.
    masker: Arc<Masker>,
}

/// A table of fetched answers. Questions without an answer are recorded.
///
/// ```
/// use segue_template::{Answer, Lookup, LookupTable, Lookups};
/// let table = LookupTable::new();
/// assert_eq!(table.lookup(&Lookup::RandomPort), Answer::Pending);
/// assert_eq!(table.take_pending(), [Lookup::RandomPort]);
/// table.insert(Lookup::RandomPort, Answer::Found(4242.into()));
/// assert_eq!(table.lookup(&Lookup::RandomPort), Answer::Found(4242.into()));
/// ```
#[derive(Clone, Debug, Default)]
pub struct LookupTable(Arc<Mutex<Table>>);

impl LookupTable {
    /// An empty table: every question is pending.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer.
    pub fn insert(&self, lookup: Lookup, answer: Answer) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Lookup::Secret { .. }, Answer::Found(serde_json::Value::String(secret))) = (&lookup, &answer)
        {
            table.masker.add(secret);
        }
        table.answers.insert(lookup, answer);
    }

    /// Removes outdated answers, so that they are asked for again.
    pub fn forget(&self, stale: impl Fn(&Lookup) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.retain(|lookup, _| !stale(lookup));
    }

    /// Adds a secret that did not come from an answer, so that it is masked.
    pub fn learn(&self, secret: &str) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !table.learnt.iter().any(|known| known == secret) {
            table.learnt.push(secret.to_owned());
            table.masker.add(secret);
        }
    }

    /// The secrets added with [`Self::learn`].
    pub fn learnt(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).learnt.clone()
    }

    /// A table without answers that knows the same added secrets.
    pub fn successor(&self) -> Self {
        let learnt = self.0.lock().unwrap_or_else(PoisonError::into_inner).learnt.clone();
        let masker = Masker::default();
        learnt.iter().for_each(|secret| masker.add(secret));
        Self(Arc::new(Mutex::new(Table { learnt, masker: Arc::new(masker), ..Table::default() })))
    }

    /// Masks the secrets among the answers, and those learnt, in every text inside a value, encoded forms too.
    pub fn mask(&self, value: &mut serde_json::Value) {
        self.masker().apply_json(value);
    }

    /// The same for a text.
    pub fn mask_text(&self, text: String) -> String {
        match self.masker().apply(&text) {
            Cow::Owned(masked) => masked,
            Cow::Borrowed(_) => text,
        }
    }

    /// The masker of the secrets known so far.
    pub fn masker(&self) -> Arc<Masker> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).masker)
    }

    /// The questions without an answer since the last call, each once, in the order of asking.
    pub fn take_pending(&self) -> Vec<Lookup> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).pending)
    }
}

impl Lookups for LookupTable {
    fn lookup(&self, lookup: &Lookup) -> Answer {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match table.answers.get(lookup) {
            Some(Answer::Pending) | None => {
                if !table.pending.contains(lookup) {
                    table.pending.push(lookup.clone());
                }
                Answer::Pending
            }
            Some(answer) => answer.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_secrets_are_masked() {
        let table = LookupTable::new();
        let secret = |key: &str| Lookup::Secret { namespace: None, key: key.to_owned(), subkey: None };
        let mut value = json!({"a": "<sesame>", "b": ["c2VzYW1l", "kv"]});
        let before = value.clone();
        table.insert(Lookup::Kv { namespace: None, key: "k".to_owned() }, Answer::Found(json!("kv")));
        table.insert(secret("ABSENT"), Answer::Missing);
        table.mask(&mut value);
        assert_eq!(value, before);
        table.insert(secret("WORD"), Answer::Found(json!("sesame")));
        table.mask(&mut value);
        assert_eq!(value, json!({"a": "<******>", "b": ["******", "kv"]}));
        table.learn("hunter2");
        assert_eq!(table.mask_text("hunter2, sesame, kv".to_owned()), "******, ******, kv");
        let next = table.successor();
        assert_eq!(next.mask_text("hunter2".to_owned()), "******");
        assert_eq!(next.lookup(&secret("WORD")), Answer::Pending);
    }
}
