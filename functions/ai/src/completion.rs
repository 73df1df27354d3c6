//! `ChatCompletion`: asks a language model.

use crate::provider::Provider;
use rig_core::completion::{CompletionRequest, CompletionResponse, Message, OnUnsupported, Usage};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};

/// Asks a language model, and returns its answer as text.
///
/// ```yaml
/// id: ask
/// type: io.kestra.plugin.ai.completion.ChatCompletion
/// provider:
///   type: io.kestra.plugin.ai.provider.GoogleGemini
///   modelName: gemini-2.5-flash
///   apiKey: "{{ secret('GEMINI_API_KEY') }}"
/// messages:
///   - type: SYSTEM
///     content: Answer in one sentence.
///   - type: USER
///     content: Why is the sky blue?
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatCompletion {
    /// The provider and its model.
    provider: Provider,
    /// The conversation. The last message is the question.
    messages: Vec<ChatMessage>,
    /// How the model answers.
    #[serde(default)]
    configuration: ChatConfiguration,
}

/// One message of a conversation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ChatMessage {
    /// Who says it.
    #[serde(rename = "type")]
    kind: Speaker,
    /// The text.
    content: String,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Speaker {
    /// Rules for the model.
    System,
    /// The person who asks.
    User,
    /// The model, earlier in the conversation.
    Ai,
}

/// How a model answers. Without a property, the provider decides.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ChatConfiguration {
    /// How much answers vary, from 0.
    temperature: Option<f64>,
    /// The share of likely words that the model chooses from, from 0 to 1.
    top_p: Option<f64>,
    /// A number that makes answers repeatable.
    seed: Option<u64>,
    /// The longest answer, in tokens.
    max_token: Option<u64>,
    /// The form of the answer.
    response_format: Option<ResponseFormat>,
}

/// The form of an answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResponseFormat {
    /// `TEXT` or `JSON`.
    #[serde(rename = "type")]
    kind: Format,
    /// The JSON schema of the answer, for `JSON`.
    #[serde(default)]
    json_schema: Option<Json>,
}

/// A form of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Format {
    /// Text.
    Text,
    /// A JSON value.
    Json,
}

/// The answer of a model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The text.
    text_output: String,
    /// The value, if the answer was asked for as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    json_output: Option<Json>,
    /// What the answer used.
    token_usage: TokenUsage,
    /// `STOP`, `LENGTH`, or another reason of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<String>,
}

/// The numbers of tokens. None: the provider does not report the number.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TokenUsage {
    input_token_count: Option<u64>,
    output_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

impl ChatMessage {
    fn message(self) -> Message {
        match self.kind {
            Speaker::System => Message::system(self.content),
            Speaker::User => Message::user(self.content),
            Speaker::Ai => Message::assistant(self.content),
        }
    }
}

impl ChatConfiguration {
    /// A request with this configuration.
    ///
    /// # Errors
    /// The schema of the answer is no JSON schema.
    pub(crate) fn request(
        &self,
        before: Vec<Message>,
        question: Message,
    ) -> Result<CompletionRequest, TaskError> {
        let mut request = CompletionRequest::new(question).messages(before);
        request.temperature = self.temperature;
        request.max_tokens = self.max_token;
        request.options.top_p = self.top_p;
        request.options.seed = self.seed;
        // An option that the provider does not have is an error, never ignored.
        request.options.on_unsupported = Some(OnUnsupported::Error);
        if self.is_json() {
            let schema = self.response_format.as_ref().and_then(|format| format.json_schema.clone());
            let schema = schema.unwrap_or_else(|| serde_json::json!({"type": "object"}));
            let schema = schemars::Schema::try_from(schema).map_err(|error| {
                TaskError::failed(format!("responseFormat.jsonSchema is no JSON schema: {error}"))
            })?;
            request.output_schema = Some(schema);
        }
        Ok(request)
    }

    fn is_json(&self) -> bool {
        self.response_format.as_ref().is_some_and(|format| format.kind == Format::Json)
    }

    /// The outputs of a task that asked with this configuration.
    ///
    /// # Errors
    /// The answer is no JSON, and the configuration asks for JSON.
    pub(crate) fn answer(&self, response: &CompletionResponse) -> Result<Answer, TaskError> {
        let text = response.text();
        let json_output = match self.is_json() {
            true => Some(serde_json::from_str(without_fence(&text)).map_err(|error| {
                TaskError::failed(format!("the model was asked for JSON, and its answer is no JSON: {error}"))
            })?),
            false => None,
        };
        let Usage { input_tokens, output_tokens, total_tokens, .. } = response.usage;
        let finish_reason = response.finish_reason().and_then(|reason| {
            let text = serde_json::to_value(reason).ok()?;
            Some(text.as_str().map_or_else(|| text.to_string(), str::to_uppercase))
        });
        Ok(Answer {
            text_output: text,
            json_output,
            token_usage: TokenUsage {
                input_token_count: input_tokens,
                output_token_count: output_tokens,
                total_token_count: total_tokens,
            },
            finish_reason,
        })
    }
}

/// A text without the Markdown fence that some models write around JSON.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inside = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    inside.and_then(|inside| inside.strip_suffix("```")).unwrap_or(text).trim()
}

impl Task for ChatCompletion {
    const TYPE: &'static str = "io.kestra.plugin.ai.completion.ChatCompletion";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.langchain4j.completion.ChatCompletion"];
    type Output = Answer;

    async fn run(mut self, context: &TaskContext) -> Result<Answer, TaskError> {
        let Some(question) = self.messages.pop().filter(|last| last.kind == Speaker::User) else {
            return Err(TaskError::failed(
                "the last entry of messages must have the type USER, because the model answers this message",
            ));
        };
        let before = self.messages.into_iter().map(ChatMessage::message).collect();
        let request = self.configuration.request(before, question.message())?;
        let response = self.provider.caller(context).await?.ask(request).await?;
        self.configuration.answer(&response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ModelServer, platform};
    use segue_model::state::State;
    use serde_json::json;

    fn task(server: &ModelServer, provider: &str) -> Json {
        json!({
            "type": "io.kestra.plugin.ai.completion.ChatCompletion",
            "provider": server.provider(provider, "chat-model"),
            "messages": [
                {"type": "SYSTEM", "content": "Be brief."},
                {"type": "USER", "content": "Hello"},
                {"type": "AI", "content": "Hi"},
                {"type": "USER", "content": "Why is the sky blue?"},
            ],
            "configuration": {"temperature": 0.5, "maxToken": 100},
        })
    }

    #[tokio::test]
    async fn each_protocol_answers() {
        for provider in ["OpenAI", "GoogleGemini", "Ollama", "Anthropic", "MistralAI", "LocalAI"] {
            let server = ModelServer::start().await;
            let run = platform().run(task(&server, provider)).await;
            assert_eq!(run.result.state, State::Success, "{provider}: {}", run.log_text());
            let outputs = &run.result.outputs;
            assert_eq!(outputs["textOutput"], "You said: Why is the sky blue?", "{provider}");
            assert_eq!(outputs["tokenUsage"]["inputTokenCount"], 11, "{provider}");
            assert_eq!(outputs["tokenUsage"]["totalTokenCount"], 18, "{provider}");
            assert_eq!(outputs["finishReason"], "STOP", "{provider}");
            let heard = server.heard();
            assert!(heard.contains("Be brief.") && heard.contains("\"Hi\""), "{provider}: {heard}");
            assert!(!run.log_text().contains("the-key"), "{provider}");
        }
    }

    #[tokio::test]
    async fn an_answer_may_be_json() {
        let server = ModelServer::start().await;
        let mut task = task(&server, "OpenAI");
        task["messages"] = json!([{"type": "USER", "content": "json please"}]);
        task["configuration"] = json!({"responseFormat": {"type": "JSON", "jsonSchema": {
            "type": "object", "properties": {"a": {"type": "integer"}}}}});
        let run = platform().run(task.clone()).await;
        assert_eq!(run.result.outputs["jsonOutput"], json!({"a": 1}), "{}", run.log_text());
        task["messages"] = json!([{"type": "USER", "content": "other"}]);
        let error = platform().run(task).await.result.error.unwrap();
        assert!(error.contains("its answer is no JSON"), "{error}");
    }

    #[tokio::test]
    async fn a_model_that_the_provider_refuses_is_a_sentence() {
        let server = ModelServer::start().await;
        for provider in ["OpenAI", "GoogleGemini", "Ollama"] {
            let mut task = task(&server, provider);
            task["provider"]["modelName"] = json!("no-such-model");
            let error = platform().run(task).await.result.error.unwrap();
            assert!(error.starts_with("the model 'no-such-model' of "), "{error}");
            assert!(error.contains("404") && error.contains("check modelName"), "{error}");
            assert!(error.contains("404 there is no such model (") && !error.contains("the-key"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_wrong_key_is_a_sentence() {
        let server = ModelServer::start().await;
        let mut task = task(&server, "OpenAI");
        task["provider"]["apiKey"] = json!("wrong");
        let error = platform().run(task.clone()).await.result.error.unwrap();
        assert!(error.contains("401") && error.contains("check apiKey"), "{error}");
        task["provider"]["apiKey"] = json!(" ");
        let error = platform().run(task).await.result.error.unwrap();
        assert!(error.contains("empty apiKey"), "{error}");
    }

    #[tokio::test]
    async fn a_busy_provider_is_asked_again() {
        let server = ModelServer::start().await;
        server.refuse(1, 503);
        let run = platform().run(task(&server, "GoogleGemini")).await;
        assert_eq!(run.result.state, State::Success, "{}", run.log_text());
        assert!(
            run.log_text().contains("WARN GoogleGemini is asked again in 1 s: 503"),
            "{}",
            run.log_text()
        );
    }

    #[tokio::test]
    async fn the_metadata_server_is_refused() {
        let server = ModelServer::start().await;
        let mut task = task(&server, "Ollama");
        task["provider"]["endpoint"] = json!("http://169.254.169.254");
        let error = platform().run(task).await.result.error.unwrap();
        assert!(error.contains("metadata"), "{error}");
    }

    #[tokio::test]
    async fn a_conversation_ends_with_a_question() {
        let server = ModelServer::start().await;
        let mut task = task(&server, "Ollama");
        task["messages"] = json!([{"type": "SYSTEM", "content": "x"}]);
        let error = platform().run(task).await.result.error.unwrap();
        assert!(error.contains("must have the type USER"), "{error}");
    }

    #[test]
    fn a_fence_is_left_out() {
        assert_eq!(without_fence("```json\n{\"a\": 1}\n```"), "{\"a\": 1}");
        assert_eq!(without_fence(" [1] "), "[1]");
    }
}
