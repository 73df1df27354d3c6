//! The outside values that expressions ask for, as data.
//!
//! Rendering does no IO. The caller fetches the answers to the questions in [`LookupTable::take_pending`] and renders
//! again. To add a question, add a variant of [`Lookup`] and the function that asks it.

use crate::mask::Masker;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A question about a value outside of the template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lookup {
    /// `kv()`: a value of the KV store.
    Kv {
        /// The namespace. `None` for the namespace of the flow, and then its parents.
        namespace: Option<String>,
        /// The key of the value.
        key: String,
    },
    /// The keys of a namespace in the KV store, as a list of texts (task type `kv.GetKeys`).
    KvKeys {
        /// The namespace. Its parents are not searched.
        namespace: String,
    },
    /// `secret()`: a secret, as text.
    Secret {
        /// The namespace. `None` for the namespace of the flow, and then its parents.
        namespace: Option<String>,
        /// The key of the secret. Upper and lower case make no difference.
        key: String,
        /// The field to read if the secret is a JSON object. `None` for the whole secret.
        subkey: Option<String>,
    },
    /// `read()`: the text of a file.
    Read {
        /// A `kestra://`, `nsfile://` or `file://` URI, or the path of a namespace file.
        path: String,
        /// The namespace of the file. `None` for the namespace of the flow.
        namespace: Option<String>,
    },
    /// `fileSize()`: the size of a file in bytes.
    FileSize {
        /// As in [`Lookup::Read`].
        path: String,
        /// As in [`Lookup::Read`].
        namespace: Option<String>,
    },
    /// `fileExists()`: whether a file exists.
    FileExists {
        /// As in [`Lookup::Read`].
        path: String,
        /// As in [`Lookup::Read`].
        namespace: Option<String>,
    },
    /// `fileEmpty()` and `isFileEmpty()`: whether a file is empty.
    FileEmpty {
        /// As in [`Lookup::Read`].
        path: String,
        /// As in [`Lookup::Read`].
        namespace: Option<String>,
    },
    /// `http()`: the parsed body of a response.
    Http {
        /// The arguments of `http()` as one JSON object with sorted keys.
        request: String,
    },
    /// `errorLogs()`: the error log lines of this execution, as a list.
    ErrorLogs,
    /// The state of another execution, as text. Only the task `execution.Resume` asks for it. No expression does.
    ExecutionState {
        /// The id of the other execution.
        execution_id: String,
    },
    /// `randomPort()`: a free port of this machine.
    RandomPort,
}

/// The answer to a [`Lookup`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The value that was asked for.
    Found(serde_json::Value),
    /// The key or file does not exist.
    Missing,
    /// The question was refused. The text is the reason.
    Failed(String),
    /// The answer was not fetched yet.
    Pending,
}

/// Answers [`Lookup`]s. Answering must not do IO.
pub trait Lookups: Send + Sync + fmt::Debug {
    /// The answer if it is known. [`Answer::Pending`] if it is not.
    fn lookup(&self, lookup: &Lookup) -> Answer;
}

#[derive(Debug, Default)]
struct Table {
    answers: HashMap<Lookup, Answer>,
    pending: Vec<Lookup>,
    /// Secrets that did not come from an answer: SECRET inputs and outputs.
    learnt: Vec<String>,
    /// Masks the secrets of answers and the learnt secrets. Secrets of forgotten answers are still masked.
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
    /// An empty table. The answer to every question is pending.
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

    /// Removes outdated answers, so that they are fetched again.
    pub fn forget(&self, stale: impl Fn(&Lookup) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.retain(|lookup, _| !stale(lookup));
    }

    /// Adds a secret that did not come from an answer. It is masked from now on.
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

    /// A table without answers, but with the secrets added with [`Self::learn`].
    pub fn successor(&self) -> Self {
        let learnt = self.0.lock().unwrap_or_else(PoisonError::into_inner).learnt.clone();
        let masker = Masker::default();
        learnt.iter().for_each(|secret| masker.add(secret));
        Self(Arc::new(Mutex::new(Table { learnt, masker: Arc::new(masker), ..Table::default() })))
    }

    /// Masks secrets in every text inside a value: secrets in answers and those added with [`Self::learn`], in all
    /// forms that [`Masker`] finds.
    pub fn mask(&self, value: &mut serde_json::Value) {
        self.masker().apply_json(value);
    }

    /// Masks secrets in a text, like [`Self::mask`].
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

    /// The questions without an answer since the last call, in the order of asking. Each question is there once.
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
