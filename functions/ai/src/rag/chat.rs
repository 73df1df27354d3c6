//! `rag.ChatCompletion`: asks a language model with the stored documents that fit the question.

use super::ingest::search;
use super::store::{Document, Embeddings};
use crate::completion::{Answer, ChatConfiguration};
use crate::provider::Provider;
use rig_core::completion::Message;
use schemars::JsonSchema;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Asks a language model. The question is sent together with the stored documents that are nearest in meaning.
///
/// ```yaml
/// id: ask
/// type: io.kestra.plugin.ai.rag.ChatCompletion
/// chatProvider:
///   type: io.kestra.plugin.ai.provider.GoogleGemini
///   modelName: gemini-2.5-flash
///   apiKey: "{{ secret('GEMINI_API_KEY') }}"
/// embeddingProvider:
///   type: io.kestra.plugin.ai.provider.GoogleGemini
///   modelName: gemini-embedding-001
///   apiKey: "{{ secret('GEMINI_API_KEY') }}"
/// embeddings:
///   type: io.kestra.plugin.ai.embeddings.KestraKVStore
/// systemMessage: Answer with what the documents say.
/// prompt: Which service runs flows?
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatCompletion {
    /// The provider that answers.
    chat_provider: Provider,
    /// The provider of embeddings, with the model that stored the documents. Default: the provider that answers.
    #[serde(default)]
    embedding_provider: Option<Provider>,
    /// Where the documents are kept.
    embeddings: Embeddings,
    /// The question.
    prompt: String,
    /// Rules for the model.
    #[serde(default)]
    system_message: Option<String>,
    /// Which documents are sent.
    #[serde(default)]
    content_retriever_configuration: RetrieverConfiguration,
    /// How the model answers.
    #[serde(default)]
    chat_configuration: ChatConfiguration,
}

/// Which documents are sent with a question.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RetrieverConfiguration {
    /// The largest number of documents. Default: 3.
    max_results: usize,
    /// The lowest score, from 0 to 1. Default: 0.
    min_score: f64,
}

impl Default for RetrieverConfiguration {
    fn default() -> Self {
        Self { max_results: 3, min_score: 0.0 }
    }
}

impl Task for ChatCompletion {
    const TYPE: &'static str = "io.kestra.plugin.ai.rag.ChatCompletion";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.langchain4j.rag.ChatCompletion"];
    type Output = Answer;

    async fn run(self, context: &TaskContext) -> Result<Answer, TaskError> {
        let RetrieverConfiguration { max_results, min_score } = self.content_retriever_configuration;
        let embedding = self.embedding_provider.as_ref().unwrap_or(&self.chat_provider);
        let wanted = (self.prompt.as_str(), max_results, min_score);
        let found = search(context, embedding, &self.embeddings, wanted).await?;
        context.info(format!("{} documents are sent with the question", found.len()));
        let before = self.system_message.map(Message::system).into_iter().collect();
        let question =
            Message::user(with_documents(&self.prompt, found.iter().map(|(_, document)| document)));
        let request = self.chat_configuration.request(before, question)?;
        let response = self.chat_provider.caller(context).await?.ask(request).await?;
        self.chat_configuration.answer(&response)
    }
}

/// The question, and after it the documents.
fn with_documents<'a>(prompt: &str, documents: impl Iterator<Item = &'a Document>) -> String {
    let texts: Vec<&str> = documents.map(|document| document.text.trim()).collect();
    if texts.is_empty() {
        return prompt.to_owned();
    }
    format!("{}\n\nUse these documents for your answer:\n\n{}", prompt.trim_end(), texts.join("\n\n---\n\n"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{ModelServer, platform};
    use segue_model::Json;
    use segue_model::state::State;
    use segue_task::testing::Platform;
    use serde_json::json;

    fn ingest(server: &ModelServer, more: Json) -> Json {
        let mut task = json!({
            "type": "io.kestra.plugin.ai.rag.IngestDocument",
            "provider": server.provider("GoogleGemini", "embedding-model"),
            "embeddings": {"type": "io.kestra.plugin.ai.embeddings.KestraKVStore"},
        });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    }

    fn search(server: &ModelServer, query: &str) -> Json {
        json!({
            "type": "io.kestra.plugin.ai.rag.Search",
            "provider": server.provider("GoogleGemini", "embedding-model"),
            "embeddings": {"type": "io.kestra.plugin.ai.embeddings.KestraKVStore"},
            "query": query,
            "maxResults": 1,
        })
    }

    async fn with_documents(server: &ModelServer) -> Platform {
        let platform = platform();
        let documents = json!({"fromDocuments": [
            {"content": "aaaa taxis are yellow"}, {"content": "zzzz bikes are green", "metadata": {"year": 2026}}]});
        let run = platform.run(ingest(server, documents)).await;
        assert_eq!(run.result.state, State::Success, "{}", run.log_text());
        assert_eq!(run.result.outputs["ingestedDocuments"], 2);
        platform
    }

    #[tokio::test]
    async fn a_question_is_asked_with_the_nearest_documents() {
        let server = ModelServer::start().await;
        let platform = with_documents(&server).await;
        let run = platform
            .run(json!({
                "type": "io.kestra.plugin.ai.rag.ChatCompletion",
                "chatProvider": server.provider("OpenAI", "chat-model"),
                "embeddingProvider": server.provider("GoogleGemini", "embedding-model"),
                "embeddings": {"type": "io.kestra.plugin.ai.embeddings.KestraKVStore"},
                "systemMessage": "Be exact.",
                "prompt": "zzzz what colour?",
                "contentRetrieverConfiguration": {"maxResults": 1, "minScore": 0.2},
            }))
            .await;
        assert_eq!(run.result.state, State::Success, "{}", run.log_text());
        let answer = run.result.outputs["textOutput"].as_str().unwrap();
        assert!(answer.contains("zzzz what colour?") && answer.contains("bikes are green"), "{answer}");
        assert!(!answer.contains("taxis"), "{answer}");
        assert!(server.heard().contains("Be exact."));
    }

    #[tokio::test]
    async fn documents_are_found_by_meaning() {
        let server = ModelServer::start().await;
        let platform = with_documents(&server).await;
        let run = platform.run(search(&server, "aaaa")).await;
        assert_eq!(run.result.outputs["results"], json!(["aaaa taxis are yellow"]), "{}", run.log_text());
        let mut store = search(&server, "zzzz");
        store["fetchType"] = json!("STORE");
        let run = platform.run(store).await;
        let lines = platform.stored(run.result.outputs["uri"].as_str().unwrap()).await;
        let line: Json = serde_json::from_slice(&lines).unwrap();
        assert_eq!(
            (&line["text"], &line["metadata"]["year"]),
            (&json!("zzzz bikes are green"), &json!(2026))
        );
    }

    #[tokio::test]
    async fn the_same_document_twice_is_stored_once() {
        let server = ModelServer::start().await;
        let platform = with_documents(&server).await;
        let again = json!({"fromDocuments": [{"content": "aaaa taxis are yellow"}]});
        let run = platform.run(ingest(&server, again)).await;
        assert!(run.log_text().contains("the store has 2"), "{}", run.log_text());
        let alone = json!({"fromDocuments": [{"content": "other"}], "drop": true});
        let run = platform.run(ingest(&server, alone)).await;
        assert!(run.log_text().contains("the store has 1"), "{}", run.log_text());
    }

    #[tokio::test]
    async fn documents_come_from_files_and_addresses_in_parts() {
        let server = ModelServer::start().await;
        let platform = platform();
        let uri = platform.store("e/notes.md", b"One.\n\nTwo.").await;
        let more = json!({
            "fromInternalURIs": [uri], "fromExternalURLs": [format!("{}/document.md", server.url())],
            "documentSplitter": {"splitter": "RECURSIVE", "maxSegmentSizeInChars": 9},
        });
        let run = platform.run(ingest(&server, more)).await;
        assert_eq!(run.result.state, State::Success, "{}", run.log_text());
        assert_eq!(
            (&run.result.outputs["ingestedDocuments"], &run.result.outputs["segments"]),
            (&json!(2), &json!(4))
        );
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_a_sentence() {
        let server = ModelServer::start().await;
        let error = |run: segue_task::testing::TestRun| run.result.error.unwrap();
        let platform = platform();
        assert!(error(platform.run(search(&server, "x")).await).contains("no document is stored yet"));
        assert!(
            error(platform.run(ingest(&server, json!({}))).await).contains("there is no document to store")
        );
        let missing = json!({"fromExternalURLs": [format!("{}/missing", server.url())]});
        assert!(error(platform.run(ingest(&server, missing)).await).contains("the server answered 404"));
        let empty = json!({"fromDocuments": [{"content": " "}]});
        assert!(error(platform.run(ingest(&server, empty)).await).contains("document 1 of 1 is empty"));
        let mut anthropic = ingest(&server, json!({"fromDocuments": [{"content": "x"}]}));
        anthropic["provider"] = server.provider("Anthropic", "m");
        assert!(error(platform.run(anthropic).await).contains("has no embeddings"));
    }
}
