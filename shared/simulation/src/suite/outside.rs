//! Answers the questions of expressions from the fixtures of a test case.

use crate::store::{Outside, file_uri, namespace_file, requested};
use segue_model::suite::Fixtures;
use segue_model::{Json, Map};
use segue_template::{Answer, Lookup};
use std::collections::{BTreeMap, HashMap};

/// The contents of the files of a test case, by their names.
pub type Files = BTreeMap<String, String>;

/// The fixtures that answer questions.
#[derive(Debug)]
pub(super) struct FixedAnswers {
    kv: HashMap<(String, String), Json>,
    secrets: BTreeMap<String, String>,
    http: Map,
    /// The contents of the files by URI.
    files: HashMap<String, String>,
}

impl FixedAnswers {
    pub(super) fn new(namespace: &str, fixtures: &Fixtures, files: &Files) -> Self {
        let kv = fixtures.kv.iter().map(|(name, value)| {
            let (of, key) = name.rsplit_once('/').unwrap_or((namespace, name));
            ((of.to_owned(), key.to_owned()), value.clone())
        });
        let files = files.iter().map(|(name, content)| (namespace_file(namespace, name), content.clone()));
        Self {
            kv: kv.collect(),
            secrets: fixtures.secrets.clone(),
            http: fixtures.http.clone(),
            files: files.collect(),
        }
    }

    fn file(&self, own: &str, path: &str, namespace: Option<&str>) -> Option<&String> {
        self.files.get(&file_uri(own, path, namespace))
    }
}

impl Outside for FixedAnswers {
    fn answer(&self, own: &str, lookup: &Lookup) -> Answer {
        let found = |value: Option<Json>| value.map_or(Answer::Missing, Answer::Found);
        match lookup {
            Lookup::Kv { namespace, key } => {
                let at = (namespace.as_deref().unwrap_or(own).to_owned(), key.clone());
                found(self.kv.get(&at).cloned())
            }
            Lookup::KvKeys { namespace } => {
                let keys = self.kv.keys().filter(|(of, _)| of == namespace).map(|(_, key)| key.clone());
                Answer::Found(keys.collect())
            }
            Lookup::Secret { key, subkey, .. } => {
                let Some(secret) = self.secrets.get(&key.to_uppercase()) else { return Answer::Missing };
                let Some(subkey) = subkey else { return Answer::Found(secret.as_str().into()) };
                let fields = serde_json::from_str::<Map>(secret).unwrap_or_default();
                found(fields.get(subkey).map(|field| match field {
                    Json::String(text) => text.as_str().into(),
                    other => other.to_string().into(),
                }))
            }
            Lookup::Read { path, namespace } => {
                found(self.file(own, path, namespace.as_deref()).map(|text| text.as_str().into()))
            }
            Lookup::FileSize { path, namespace } => {
                found(self.file(own, path, namespace.as_deref()).map(|text| text.len().into()))
            }
            Lookup::FileExists { path, namespace } => {
                Answer::Found(self.file(own, path, namespace.as_deref()).is_some().into())
            }
            Lookup::FileEmpty { path, namespace } => {
                found(self.file(own, path, namespace.as_deref()).map(|text| text.is_empty().into()))
            }
            Lookup::Http { request } => {
                let uri = requested(request);
                match self.http.get(&uri) {
                    Some(body) => Answer::Found(body.clone()),
                    None => Answer::Failed(format!(
                        "the test has no answer for http('{uri}'): add it to 'http' of the fixtures"
                    )),
                }
            }
            Lookup::ErrorLogs | Lookup::ExecutionState { .. } => Answer::Missing,
            Lookup::RandomPort => Answer::Found(50_000.into()),
        }
    }
}
