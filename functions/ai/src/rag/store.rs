//! Documents with their embeddings, in one value of the KV store. All of them are in memory while a task works, so the
//! store is meant for some thousand documents.

use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_ports::kv::{KvType, KvWrite};
use segue_task::{TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Where documents are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum Embeddings {
    /// The KV store of the flow's namespace.
    #[serde(
        rename = "io.kestra.plugin.ai.embeddings.KestraKVStore",
        alias = "io.kestra.plugin.langchain4j.embeddings.KestraKVStore"
    )]
    KvStore {
        /// The key. Default: the id of the flow with `-embedding-store`.
        #[serde(rename = "kvName", default)]
        kv_name: Option<String>,
    },
}

/// The stored value.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Documents {
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    id: String,
    embedding: Vector,
    embedded: Document,
}

#[derive(Debug, Serialize, Deserialize)]
struct Vector {
    vector: Vec<f64>,
}

/// A text and what is known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) metadata: Map,
}

impl Embeddings {
    fn key(&self, context: &TaskContext) -> String {
        let Self::KvStore { kv_name } = self;
        let given = kv_name.as_ref().filter(|name| !name.is_empty()).cloned();
        given.unwrap_or_else(|| format!("{}-embedding-store", context.message().flow_id))
    }

    /// All documents. None if nothing was stored yet.
    ///
    /// # Errors
    /// The KV store fails, or the value under the key is something else.
    pub(crate) async fn load(&self, context: &TaskContext) -> Result<Option<Documents>, TaskError> {
        let (key, ports) = (self.key(context), context.ports());
        let found = ports.state.kv(&context.message().namespace, &key, ports.clock.now()).await?;
        let Some(entry) = found else { return Ok(None) };
        let value = match entry.value {
            Json::String(text) => serde_json::from_str(&text),
            value => serde_json::from_value(value),
        };
        value.map(Some).map_err(|error| {
            TaskError::failed(format!(
                "the value of the key '{key}' is no store of embeddings ({error}): choose another kvName, or set drop: true"
            ))
        })
    }

    /// Replaces all documents.
    ///
    /// # Errors
    /// The KV store fails.
    pub(crate) async fn save(&self, context: &TaskContext, documents: &Documents) -> Result<(), TaskError> {
        let value = serde_json::to_value(documents).map_err(|error| TaskError::failed(error.to_string()))?;
        let (namespace, key, ports) =
            (context.message().namespace.clone(), self.key(context), context.ports());
        let description = Some("Documents with their embeddings".to_owned());
        let write = KvWrite::Set { namespace, key, kind: KvType::Json, value, description, expires: None };
        Ok(ports.state.write_kv(vec![write], ports.clock.now()).await?)
    }
}

impl Documents {
    /// Adds a document, or replaces the same document. So a task that runs twice adds it once.
    pub(crate) fn put(&mut self, document: Document, vector: Vec<f64>) {
        let id = id(&document);
        let entry = Entry { id, embedding: Vector { vector }, embedded: document };
        match self.entries.iter_mut().find(|found| found.id == entry.id) {
            Some(found) => *found = entry,
            None => self.entries.push(entry),
        }
    }

    /// The documents that are nearest in meaning, best first, each with its score from 0 to 1.
    ///
    /// # Errors
    /// The stored embeddings are those of another model.
    pub(crate) fn nearest(
        &self,
        to: &[f64],
        limit: usize,
        min_score: f64,
    ) -> Result<Vec<(f64, &Document)>, TaskError> {
        let mut scored = Vec::with_capacity(self.entries.len());
        for Entry { embedding: Vector { vector }, embedded, .. } in &self.entries {
            if vector.len() != to.len() {
                return Err(TaskError::failed(format!(
                    "the stored embeddings have {} numbers and that of the question has {}: use the model that stored the \
                     documents, or store them again with drop: true",
                    vector.len(),
                    to.len()
                )));
            }
            let score = score(vector, to);
            if score >= min_score {
                scored.push((score, embedded));
            }
        }
        scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        scored.truncate(limit);
        Ok(scored)
    }

    /// The number of documents.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

fn id(document: &Document) -> String {
    let mut hash = Sha256::new();
    hash.update(document.text.as_bytes());
    hash.update(Json::Object(document.metadata.clone()).to_string().as_bytes());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The similarity of two directions: 1 if they are the same, 0.5 if they have nothing in common, 0 if they are opposite.
fn score(one: &[f64], other: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let lengths = product(one, one).sqrt() * product(other, other).sqrt();
    let cosine = if lengths > 0.0 { product(one, other) / lengths } else { 0.0 };
    f64::midpoint(cosine, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { text: text.to_owned(), metadata: Map::new() }
    }

    #[test]
    fn the_nearest_documents_come_first() {
        let mut documents = Documents::default();
        for (text, vector) in [("east", [1.0, 0.0]), ("north", [0.0, 2.0]), ("west", [-3.0, 0.0])] {
            documents.put(document(text), vector.to_vec());
        }
        let found = |limit, min_score| {
            let found = documents.nearest(&[5.0, 0.1], limit, min_score).unwrap();
            found.into_iter().map(|(_, document)| document.text.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(found(10, 0.0), ["east", "north", "west"]);
        assert_eq!(found(1, 0.0), ["east"]);
        assert_eq!(found(10, 0.4), ["east", "north"]);
        assert!((score(&[1.0, 0.0], &[2.0, 0.0]) - 1.0).abs() < 1e-9);
        assert!((score(&[0.0], &[0.0]) - 0.5).abs() < 1e-9);
        let error = documents.nearest(&[1.0], 1, 0.0).unwrap_err().to_string();
        assert!(error.contains("have 2 numbers and that of the question has 1"), "{error}");
    }

    #[test]
    fn a_document_is_stored_once() {
        let mut documents = Documents::default();
        documents.put(document("a"), vec![1.0]);
        documents.put(document("a"), vec![2.0]);
        documents.put(document("b"), vec![2.0]);
        assert_eq!(documents.len(), 2);
    }
}
