//! `IngestDocument`: stores documents with their embeddings.

use super::split::DocumentSplitter;
use super::store::{Document, Documents, Embeddings};
use crate::provider::Provider;
use futures::StreamExt as _;
use reqwest::Client;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_files::input::uri_of_value;
use segue_model::{Json, Map};
use segue_task::outbound::{ClientSettings, describe};
use segue_task::records::not_there;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The largest document, in bytes.
const LARGEST: u64 = 32 << 20;

/// Stores documents with their embeddings, for `rag.ChatCompletion` and `rag.Search`. A document that is stored again
/// replaces itself.
///
/// ```yaml
/// id: ingest
/// type: io.kestra.plugin.ai.rag.IngestDocument
/// provider:
///   type: io.kestra.plugin.ai.provider.GoogleGemini
///   modelName: gemini-embedding-001
///   apiKey: "{{ secret('GEMINI_API_KEY') }}"
/// embeddings:
///   type: io.kestra.plugin.ai.embeddings.KestraKVStore
/// drop: true
/// fromDocuments:
///   - content: Segue runs flows on Google Cloud without a server.
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestDocument {
    /// The provider and its model for embeddings.
    provider: Provider,
    /// Where the documents are kept.
    embeddings: Embeddings,
    /// Whether documents of earlier runs are removed first. Default: false.
    #[serde(default)]
    drop: bool,
    /// Documents as texts.
    #[serde(default)]
    from_documents: Vec<InlineDocument>,
    /// URIs of files in internal storage.
    #[serde(default, rename = "fromInternalURIs")]
    from_internal_uris: Texts,
    /// URLs of texts.
    #[serde(default, rename = "fromExternalURLs")]
    from_external_urls: Texts,
    /// How documents are divided. Default: they are not divided.
    #[serde(default)]
    document_splitter: Option<DocumentSplitter>,
    /// What is known about all documents.
    #[serde(default)]
    metadata: Map,
}

/// A document as text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InlineDocument {
    /// The text.
    content: String,
    /// What is known about the document.
    #[serde(default)]
    metadata: Map,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingested {
    /// The number of documents.
    ingested_documents: usize,
    /// The number of parts that were stored.
    segments: usize,
}

impl Task for IngestDocument {
    const TYPE: &'static str = "io.kestra.plugin.ai.rag.IngestDocument";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.langchain4j.rag.IngestDocument"];
    type Output = Ingested;

    async fn run(self, context: &TaskContext) -> Result<Ingested, TaskError> {
        let caller = self.provider.caller(context).await?;
        let documents = self.documents(context).await?;
        if documents.is_empty() {
            return Err(TaskError::failed(
                "there is no document to store: set fromDocuments, fromInternalURIs or fromExternalURLs",
            ));
        }
        let mut parts = Vec::new();
        for document in &documents {
            let texts = match &self.document_splitter {
                Some(splitter) => splitter.split(&document.text)?,
                None => vec![document.text.clone()],
            };
            let metadata = document.metadata.clone();
            parts.extend(texts.into_iter().map(|text| Document { text, metadata: metadata.clone() }));
        }
        let texts: Vec<String> = parts.iter().map(|part| part.text.clone()).collect();
        let vectors = caller.embed(&texts).await?;
        let stored = if self.drop { None } else { self.embeddings.load(context).await? };
        let mut stored = stored.unwrap_or_default();
        let segments = parts.len();
        for (part, vector) in parts.into_iter().zip(vectors) {
            stored.put(part, vector);
        }
        self.embeddings.save(context, &stored).await?;
        context.info(format!(
            "{segments} parts of {} documents are stored; the store has {}",
            documents.len(),
            stored.len()
        ));
        Ok(Ingested { ingested_documents: documents.len(), segments })
    }
}

impl IngestDocument {
    async fn documents(&self, context: &TaskContext) -> Result<Vec<Document>, TaskError> {
        let with = |metadata: Map, text: String| {
            let mut all = self.metadata.clone();
            all.extend(metadata);
            Document { text, metadata: all }
        };
        let mut documents: Vec<Document> = Vec::new();
        for InlineDocument { content, metadata } in &self.from_documents {
            documents.push(with(metadata.clone(), content.clone()));
        }
        for given in &self.from_internal_uris.0 {
            let uri = uri_of_value(given, &context.message().namespace)?;
            let text =
                context.storage().get_text(&uri, LARGEST).await.map_err(|error| not_there(error, &uri))?;
            documents.push(with(source(&uri), text));
        }
        let client = context.clients().get(&ClientSettings::default())?;
        for url in &self.from_external_urls.0 {
            documents.push(with(source(url), fetch(context, &client, url).await?));
        }
        match documents.iter().position(|document| document.text.trim().is_empty()) {
            Some(at) => Err(TaskError::failed(format!(
                "document {} of {} is empty, so there is nothing to store: remove it, or check where it comes from",
                at + 1,
                documents.len()
            ))),
            None => Ok(documents),
        }
    }
}

fn source(address: &str) -> Map {
    match json!({"source": address}) {
        Json::Object(metadata) => metadata,
        _ => Map::new(),
    }
}

async fn fetch(context: &TaskContext, client: &Client, url: &str) -> Result<String, TaskError> {
    let url = context.clients().url(url)?;
    let failed = |why: String| TaskError::failed(format!("the document {url} cannot be fetched: {why}"));
    let response = client.get(url.clone()).send().await.map_err(|error| failed(describe(&error)))?;
    if !response.status().is_success() {
        return Err(failed(format!("the server answered {}", response.status())));
    }
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.map_err(|error| failed(describe(&error)))?);
        if bytes.len() as u64 > LARGEST {
            return Err(failed(format!("it has more than {} MiB", LARGEST >> 20)));
        }
    }
    String::from_utf8(bytes).map_err(|_| failed("it is no text in UTF-8".to_owned()))
}

/// Searches the documents for a question.
///
/// # Errors
/// There is no store yet, or the provider fails.
pub(super) async fn search(
    context: &TaskContext,
    provider: &Provider,
    embeddings: &Embeddings,
    (question, limit, min_score): (&str, usize, f64),
) -> Result<Vec<(f64, Document)>, TaskError> {
    let Some(documents): Option<Documents> = embeddings.load(context).await? else {
        return Err(TaskError::failed(
            "no document is stored yet: run a task of the type io.kestra.plugin.ai.rag.IngestDocument first, with the same \
             embeddings",
        ));
    };
    let vectors = provider.caller(context).await?.embed(&[question.to_owned()]).await?;
    let vector = vectors.into_iter().next().unwrap_or_default();
    let found = documents.nearest(&vector, limit, min_score)?;
    Ok(found.into_iter().map(|(score, document)| (score, document.clone())).collect())
}
