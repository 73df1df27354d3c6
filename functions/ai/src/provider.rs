//! Providers of language models.

use crate::vertex::{Vertex, VertexSession};
use reqwest::Client;
use rig_core::completion::{CompletionRequest, CompletionResponse};
use rig_core::embeddings::Embedding;
use rig_core::error::ProviderError;
use rig_core::providers::anthropic::wire::AnthropicConfig;
use rig_core::providers::gemini::GeminiConfig;
use rig_core::providers::ollama::OllamaConfig;
use rig_core::providers::openai::wire::{self, Dialect, OpenAIConfig};
use rig_core::{DynModel, operation};
use rig_reqwest::ReqwestClient;
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::outbound::ClientSettings;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::time::Duration;

/// The number of times a request is sent. Only failures that the provider calls passing are tried again.
const TRIES: u32 = 3;
/// The delay before the second try. It doubles.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest answer of a provider in an error message, in characters.
const LONGEST_ANSWER: usize = 1_000;
/// The number of texts that are embedded in one request.
const BATCH: usize = 50;

/// A provider, and the model of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum Provider {
    /// Gemini, by Google's API with a key.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.GoogleGemini",
        alias = "io.kestra.plugin.langchain4j.provider.GoogleGemini"
    )]
    GoogleGemini(Keyed),
    /// Gemini on Vertex AI, with the account of the service or the key of a service account.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.GoogleVertexAI",
        alias = "io.kestra.plugin.langchain4j.provider.GoogleVertexAI"
    )]
    GoogleVertexAi(Vertex),
    /// OpenAI, or a server with the same protocol in `baseUrl`.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.OpenAI",
        alias = "io.kestra.plugin.langchain4j.provider.OpenAI"
    )]
    OpenAi(Keyed),
    /// Anthropic. It has no embeddings.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.Anthropic",
        alias = "io.kestra.plugin.langchain4j.provider.Anthropic"
    )]
    Anthropic(Keyed),
    /// Mistral.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.MistralAI",
        alias = "io.kestra.plugin.langchain4j.provider.MistralAI"
    )]
    Mistral(Keyed),
    /// DeepSeek. It has no embeddings.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.DeepSeek",
        alias = "io.kestra.plugin.langchain4j.provider.DeepSeek"
    )]
    DeepSeek(Keyed),
    /// OpenRouter.
    #[serde(rename = "io.kestra.plugin.ai.provider.OpenRouter")]
    OpenRouter(Keyed),
    /// A LocalAI server, which has the protocol of OpenAI.
    #[serde(rename = "io.kestra.plugin.ai.provider.LocalAI")]
    LocalAi(Served),
    /// An Ollama server.
    #[serde(
        rename = "io.kestra.plugin.ai.provider.Ollama",
        alias = "io.kestra.plugin.langchain4j.provider.Ollama"
    )]
    Ollama(Served),
}

/// A provider with a key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Keyed {
    /// The name of the model.
    model_name: String,
    /// The key.
    #[serde(alias = "googleApiKey")]
    api_key: String,
    /// The URL of the API. Default: the provider's own.
    #[serde(default)]
    base_url: Option<String>,
}

/// A server without a key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    /// The name of the model.
    model_name: String,
    /// The URL of the server, as in `http://localhost:11434`.
    #[serde(alias = "baseUrl")]
    endpoint: String,
}

/// A model that answers.
type Chat = DynModel<operation::Completion>;
/// A model that embeds.
type Embedder = DynModel<operation::Embedding>;

/// What the task needs to call a provider.
pub(crate) struct Caller<'a> {
    context: &'a TaskContext,
    provider: &'a Provider,
    client: Client,
    /// Set for Vertex AI.
    vertex: Option<VertexSession>,
}

impl Provider {
    /// A caller for the task. The key is masked from now on.
    ///
    /// # Errors
    /// The URL is forbidden or no URL, or there is no key or no token.
    pub(crate) async fn caller<'a>(&'a self, context: &'a TaskContext) -> Result<Caller<'a>, TaskError> {
        if let Some(keyed) = self.keyed() {
            if keyed.api_key.trim().is_empty() {
                return Err(TaskError::failed(format!(
                    "the provider {} has an empty apiKey: write it as \"{{{{ secret('NAME') }}}}\", and check that the \
                     secret exists",
                    self.name()
                )));
            }
            context.mask(&keyed.api_key);
        }
        if let Some(url) = self.url() {
            context.clients().url(url)?;
        }
        let settings = ClientSettings { stay_with_origin: true, ..ClientSettings::default() };
        let vertex = match self {
            Self::GoogleVertexAi(vertex) => Some(vertex.session(context).await?),
            _ => None,
        };
        Ok(Caller { context, provider: self, client: context.clients().get(&settings)?, vertex })
    }

    /// The name of the provider, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::GoogleGemini(_) => "GoogleGemini",
            Self::GoogleVertexAi(_) => "GoogleVertexAI",
            Self::OpenAi(_) => "OpenAI",
            Self::Anthropic(_) => "Anthropic",
            Self::Mistral(_) => "MistralAI",
            Self::DeepSeek(_) => "DeepSeek",
            Self::OpenRouter(_) => "OpenRouter",
            Self::LocalAi(_) => "LocalAI",
            Self::Ollama(_) => "Ollama",
        }
    }

    /// The name of the model.
    pub(crate) fn model(&self) -> &str {
        match self {
            Self::LocalAi(served) | Self::Ollama(served) => &served.model_name,
            Self::GoogleVertexAi(vertex) => &vertex.model_name,
            Self::GoogleGemini(keyed)
            | Self::OpenAi(keyed)
            | Self::Anthropic(keyed)
            | Self::Mistral(keyed)
            | Self::DeepSeek(keyed)
            | Self::OpenRouter(keyed) => &keyed.model_name,
        }
    }

    fn keyed(&self) -> Option<&Keyed> {
        match self {
            Self::LocalAi(_) | Self::Ollama(_) | Self::GoogleVertexAi(_) => None,
            Self::GoogleGemini(keyed)
            | Self::OpenAi(keyed)
            | Self::Anthropic(keyed)
            | Self::Mistral(keyed)
            | Self::DeepSeek(keyed)
            | Self::OpenRouter(keyed) => Some(keyed),
        }
    }

    fn url(&self) -> Option<&str> {
        match self {
            Self::LocalAi(served) | Self::Ollama(served) => Some(&served.endpoint),
            _ => self.keyed().and_then(|keyed| keyed.base_url.as_deref()),
        }
    }

    /// The dialect of OpenAI's protocol that the provider speaks. None: it has a protocol of its own.
    fn dialect(&self) -> Option<&'static Dialect> {
        match self {
            Self::OpenAi(_) | Self::LocalAi(_) | Self::GoogleVertexAi(_) => Some(&wire::OPENAI),
            Self::Mistral(_) => Some(&wire::MISTRAL),
            Self::DeepSeek(_) => Some(&wire::DEEPSEEK),
            Self::OpenRouter(_) => Some(&wire::OPENROUTER),
            Self::GoogleGemini(_) | Self::Anthropic(_) | Self::Ollama(_) => None,
        }
    }
}

impl Caller<'_> {
    /// Asks a question, and returns the answer.
    ///
    /// # Errors
    /// The provider refuses the request, or cannot be reached.
    pub(crate) async fn ask(&self, request: CompletionRequest) -> Result<CompletionResponse, TaskError> {
        let model = self.chat();
        let answer = self.with_tries(|| model.call(request.clone())).await?;
        self.count(&answer.usage);
        match &answer.error {
            Some(refusal) => Err(self.failed(&format!("did not answer: {refusal}"))),
            None => Ok(answer),
        }
    }

    /// The embeddings of texts, in their order.
    ///
    /// # Errors
    /// The provider has no embeddings or refuses the request, or cannot be reached.
    pub(crate) async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f64>>, TaskError> {
        if let Some(session) = &self.vertex {
            return session.embed(self.provider.model(), texts).await;
        }
        let model = self.embedder()?;
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let answer = self.with_tries(|| model.call(batch.to_vec())).await?;
            self.count(&answer.usage);
            if answer.embeddings.len() != batch.len() {
                let got = answer.embeddings.len();
                return Err(self.failed(&format!("returned {got} embeddings for {} texts", batch.len())));
            }
            vectors.extend(answer.embeddings.into_iter().map(|Embedding { vec, .. }| vec));
        }
        Ok(vectors)
    }

    fn chat(&self) -> Chat {
        let (http, model) = (ReqwestClient::from(self.client.clone()), self.provider.model());
        match (self.provider, self.provider.dialect()) {
            (Provider::GoogleGemini(keyed), _) => gemini(keyed).connect(http).completion(model).into(),
            (Provider::Anthropic(keyed), _) => {
                let config = AnthropicConfig::new(keyed.api_key.as_str());
                let config = match &keyed.base_url {
                    Some(url) => config.with_base_url(url),
                    None => config,
                };
                config.connect(http).completion(model).into()
            }
            (Provider::Ollama(served), _) => ollama(served).connect(http).native_completion(model).into(),
            (provider, dialect) => match &self.vertex {
                // In this protocol Vertex AI names the publisher of a model.
                Some(session) => {
                    let name = if model.contains('/') { model.to_owned() } else { format!("google/{model}") };
                    let config = OpenAIConfig::with_key(&wire::OPENAI, session.token.as_str());
                    config.with_base_url(session.openai_url()).connect(http).chat(name).into()
                }
                None => openai(provider, dialect).connect(http).chat(model).into(),
            },
        }
    }

    fn embedder(&self) -> Result<Embedder, TaskError> {
        let (http, model) = (ReqwestClient::from(self.client.clone()), self.provider.model());
        match (self.provider, self.provider.dialect()) {
            (Provider::GoogleGemini(keyed), _) => {
                Ok(gemini(keyed).connect(http).embedding(model, None).into())
            }
            (Provider::Ollama(served), _) => Ok(ollama(served).connect(http).embedding(model, None).into()),
            (Provider::Anthropic(_) | Provider::DeepSeek(_), _) => Err(TaskError::failed(format!(
                "the provider {} has no embeddings: use another one, such as GoogleGemini, OpenAI or Ollama",
                self.provider.name()
            ))),
            (provider, dialect) => Ok(openai(provider, dialect).connect(http).embedding(model, None).into()),
        }
    }

    /// Sends a request again if the provider says that the failure will pass.
    async fn with_tries<T, F: Future<Output = Result<T, ProviderError>>>(
        &self,
        request: impl Fn() -> F,
    ) -> Result<T, TaskError> {
        let mut delay = FIRST_DELAY;
        for attempt in 1.. {
            match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_retryable() && attempt < TRIES => {
                    self.context.warn(format!(
                        "{} is asked again in {} s: {}",
                        self.provider.name(),
                        delay.as_secs(),
                        said(&error)
                    ));
                    tokio::time::sleep(delay).await;
                    delay *= 2;
                }
                Err(error) => return Err(self.refused(&error)),
            }
        }
        Err(self.failed("gave no answer"))
    }

    fn refused(&self, error: &ProviderError) -> TaskError {
        let hint = match error.report().http_status {
            Some(401 | 403) if self.vertex.is_some() => {
                "check serviceAccount, and give the account roles/aiplatform.user"
            }
            Some(401 | 403) => "check apiKey",
            Some(404) => "check modelName",
            Some(429) => "the quota is used up: wait, or add a retry to the task",
            Some(_) => "the answer says why",
            None => "check that the service answers",
        };
        self.failed(&format!("failed: {} ({hint})", said(error)))
    }

    fn failed(&self, what: &str) -> TaskError {
        TaskError::failed(format!("the model '{}' of {} {what}", self.provider.model(), self.provider.name()))
    }

    fn count(&self, usage: &rig_core::completion::Usage) {
        for (name, count) in [("input.tokens", usage.input_tokens), ("output.tokens", usage.output_tokens)] {
            if let Some(count) = count {
                self.context.metric_counter(name, count as f64);
            }
        }
    }
}

fn gemini(keyed: &Keyed) -> GeminiConfig {
    let config = GeminiConfig::new(keyed.api_key.as_str());
    match &keyed.base_url {
        Some(url) => config.with_base_url(url),
        None => config,
    }
}

fn ollama(served: &Served) -> OllamaConfig {
    OllamaConfig::new().with_base_url(served.endpoint.trim_end_matches('/'))
}

fn openai(provider: &Provider, dialect: Option<&Dialect>) -> OpenAIConfig {
    let key = provider.keyed().map(|keyed| keyed.api_key.as_str()).unwrap_or_default();
    let config = OpenAIConfig::with_key(dialect.unwrap_or(&wire::OPENAI), key);
    match provider.url() {
        Some(url) => config.with_base_url(url),
        None => config,
    }
}

/// The sentence in the body of an answer. None if the body has another form.
fn explanation(body: &str) -> Option<String> {
    let body: Json = serde_json::from_str(body).ok()?;
    // Gemini puts the error into a list.
    let places = ["/error/message", "/0/error/message", "/error", "/message", "/detail"];
    places.iter().find_map(|place| body.pointer(place)?.as_str()).map(str::to_owned)
}

/// What a provider said about a failure, without the headers of its answer.
fn said(error: &ProviderError) -> String {
    let report = error.report();
    let body = report.provider_response.as_ref().map(|response| response.body.clone());
    let body = body.map(|body| explanation(&body).unwrap_or(body));
    let text = body.filter(|body| !body.trim().is_empty()).unwrap_or_else(|| {
        std::iter::once(report.message.clone())
            .chain(report.source_chain.clone())
            .collect::<Vec<_>>()
            .join(": ")
    });
    let status = report.http_status.map(|status| format!("{status} ")).unwrap_or_default();
    let shown: String = text.chars().take(LONGEST_ANSWER).collect();
    format!("{status}{}", shown.trim())
}
