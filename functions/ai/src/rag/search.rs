//! `Search`: finds the stored documents that are nearest in meaning.

use super::ingest::search;
use super::store::Embeddings;
use crate::provider::Provider;
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Finds the stored documents that are nearest in meaning to a question.
///
/// ```yaml
/// id: search
/// type: io.kestra.plugin.ai.rag.Search
/// provider:
///   type: io.kestra.plugin.ai.provider.Ollama
///   modelName: nomic-embed-text
///   endpoint: http://localhost:11434
/// embeddings:
///   type: io.kestra.plugin.ai.embeddings.KestraKVStore
/// query: Which service runs flows?
/// maxResults: 3
/// minScore: 0.5
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// The provider and the model that stored the documents.
    provider: Provider,
    /// Where the documents are kept.
    embeddings: Embeddings,
    /// The question.
    query: String,
    /// The largest number of documents.
    max_results: usize,
    /// The lowest score, from 0 to 1. Default: 0.
    #[serde(default)]
    min_score: f64,
    /// `FETCH`: the texts are outputs. `STORE`: the texts are in a file. `FETCH_ONE`: the best text. `NONE`: only the number.
    #[serde(default)]
    fetch_type: FetchType,
}

/// Where the results go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FetchType {
    /// Into the outputs.
    #[default]
    Fetch,
    /// The best one into the outputs.
    FetchOne,
    /// Into a file of internal storage, one JSON value on each line.
    Store,
    /// Nowhere.
    None,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Found {
    /// The texts, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<String>>,
    /// The file with the texts and their scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    /// The number of documents.
    size: usize,
}

impl Task for Search {
    const TYPE: &'static str = "io.kestra.plugin.ai.rag.Search";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.langchain4j.rag.Search"];
    type Output = Found;

    async fn run(self, context: &TaskContext) -> Result<Found, TaskError> {
        let limit = if self.fetch_type == FetchType::FetchOne { 1 } else { self.max_results };
        let wanted = (self.query.as_str(), limit, self.min_score);
        let found = search(context, &self.provider, &self.embeddings, wanted).await?;
        let size = found.len();
        match self.fetch_type {
            FetchType::Fetch | FetchType::FetchOne => {
                let results = found.into_iter().map(|(_, document)| document.text).collect();
                Ok(Found { results: Some(results), uri: None, size })
            }
            FetchType::None => Ok(Found { results: None, uri: None, size }),
            FetchType::Store => {
                let lines: String = found
                    .iter()
                    .map(|(score, document)| {
                        let metadata = Json::Object(document.metadata.clone());
                        format!("{}\n", json!({"score": score, "text": document.text, "metadata": metadata}))
                    })
                    .collect();
                let path = context.storage_path(&format!("results-{}.ion", context.attempt_key().attempt));
                let uri = context.storage().put_text(&path, lines).await?;
                Ok(Found { results: None, uri: Some(uri), size })
            }
        }
    }
}
