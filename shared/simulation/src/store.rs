//! The stores of a simulated world: key-values that tasks write, error logs, and everything outside.

use segue_model::id::ExecutionId;
use segue_model::{Json, Map};
use segue_template::{Answer, Lookup, Lookups};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers what the world outside of the simulation knows. Answering must not do IO.
pub trait Outside: Send + Sync + Debug {
    /// The answer to a question of an execution in a namespace. A question about a key names its namespace, and parents
    /// of the namespace are not searched. [`Answer::Pending`] stops the simulation; see
    /// [`WorldError::Questions`](crate::WorldError::Questions).
    fn answer(&self, namespace: &str, lookup: &Lookup) -> Answer;
}

/// The stores of a world.
#[derive(Debug)]
pub struct Store {
    outside: Arc<dyn Outside>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Written key-values by namespace and key. `None`: deleted.
    kv: BTreeMap<(String, String), Option<Json>>,
    errors: BTreeMap<String, Vec<Json>>,
    questions: BTreeSet<(String, String)>,
    open: Vec<(String, Lookup)>,
}

impl Store {
    /// Stores before the first write.
    pub fn new(outside: Arc<dyn Outside>) -> Self {
        Self { outside, inner: Mutex::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes or deletes a key-value.
    pub(crate) fn write(&self, namespace: &str, key: &str, value: Option<Json>) {
        self.with(|inner| inner.kv.insert((namespace.to_owned(), key.to_owned()), value));
    }

    /// Adds a line to the error log of an execution.
    pub(crate) fn add_error(&self, execution: &ExecutionId, line: Json) {
        self.with(|inner| inner.errors.entry(execution.to_string()).or_default().push(line));
    }

    /// The questions that the world outside could not answer yet.
    pub(crate) fn open_questions(&self) -> Vec<(String, Lookup)> {
        self.with(|inner| inner.open.clone())
    }

    /// The values of the KV store that the simulation has written, by namespace and key. Deleted keys are null.
    pub fn written(&self) -> BTreeMap<(String, String), Json> {
        self.with(|inner| {
            inner.kv.iter().map(|(at, value)| (at.clone(), value.clone().unwrap_or_default())).collect()
        })
    }

    fn ask(&self, namespace: &str, lookup: &Lookup) -> Answer {
        let answer = self.outside.answer(namespace, lookup);
        if answer == Answer::Pending {
            self.with(|inner| {
                if inner.questions.insert((namespace.to_owned(), format!("{lookup:?}"))) {
                    inner.open.push((namespace.to_owned(), lookup.clone()));
                }
            });
        }
        answer
    }

    fn kv(&self, own: &str, named: Option<&str>, key: &str) -> Answer {
        let namespaces: Vec<&str> = match named {
            Some(namespace) => vec![namespace],
            None => {
                let all = std::iter::successors(Some(own), |name| Some(name.rsplit_once('.')?.0));
                all.collect()
            }
        };
        for namespace in namespaces {
            let at = (namespace.to_owned(), key.to_owned());
            let answer = match self.with(|inner| inner.kv.get(&at).cloned()) {
                Some(Some(value)) => Answer::Found(value),
                Some(None) => Answer::Missing,
                None => {
                    let lookup = Lookup::Kv { namespace: Some(namespace.to_owned()), key: key.to_owned() };
                    self.ask(own, &lookup)
                }
            };
            if answer != Answer::Missing {
                return answer;
            }
        }
        Answer::Missing
    }

    fn keys(&self, own: &str, namespace: &str) -> Answer {
        let outside = self.ask(own, &Lookup::KvKeys { namespace: namespace.to_owned() });
        let known = match outside {
            Answer::Found(Json::Array(keys)) => keys,
            Answer::Pending => return Answer::Pending,
            Answer::Found(_) | Answer::Missing | Answer::Failed(_) => Vec::new(),
        };
        let mut keys: BTreeSet<String> = known.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        self.with(|inner| {
            for ((_, key), value) in inner.kv.iter().filter(|((of, _), _)| of == namespace) {
                match value {
                    Some(_) => keys.insert(key.clone()),
                    None => keys.remove(key),
                };
            }
        });
        Answer::Found(keys.into_iter().collect())
    }
}

/// Answers the questions of one execution.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The stores.
    pub store: Arc<Store>,
    /// The namespace of the flow.
    pub namespace: String,
    /// The execution.
    pub execution: ExecutionId,
}

impl Lookups for Asker {
    fn lookup(&self, lookup: &Lookup) -> Answer {
        let (store, own) = (&self.store, self.namespace.as_str());
        match lookup {
            Lookup::Kv { namespace, key } => store.kv(own, namespace.as_deref(), key),
            Lookup::KvKeys { namespace } => store.keys(own, namespace),
            Lookup::ErrorLogs => {
                let id = self.execution.to_string();
                Answer::Found(store.with(|inner| inner.errors.get(&id).cloned().unwrap_or_default()).into())
            }
            Lookup::ExecutionState { .. }
            | Lookup::Secret { .. }
            | Lookup::Read { .. }
            | Lookup::FileSize { .. }
            | Lookup::FileExists { .. }
            | Lookup::FileEmpty { .. }
            | Lookup::Http { .. }
            | Lookup::RandomPort => store.ask(own, lookup),
        }
    }
}

/// The URI of a file that an expression names: a URI as it is, or the path of a namespace file.
pub(crate) fn file_uri(own: &str, path: &str, namespace: Option<&str>) -> String {
    if path.starts_with("kestra://") {
        return path.to_owned();
    }
    let (of, file) = match path.strip_prefix("nsfile://") {
        Some(rest) => match rest.split_once('/') {
            Some(("", file)) => (namespace.unwrap_or(own), file),
            Some((of, file)) => (of, file),
            None => (namespace.unwrap_or(own), rest),
        },
        None => (namespace.unwrap_or(own), path),
    };
    namespace_file(of, file)
}

/// The URI of a namespace file.
pub(crate) fn namespace_file(namespace: &str, path: &str) -> String {
    format!("kestra:///{}/_files/{}", namespace.replace('.', "/"), path.trim_start_matches('/'))
}

/// The URI that `http()` asks for. The question is its arguments as JSON.
pub(crate) fn requested(request: &str) -> String {
    let arguments = serde_json::from_str::<Map>(request).unwrap_or_default();
    arguments.get("uri").and_then(Json::as_str).unwrap_or_default().to_owned()
}
