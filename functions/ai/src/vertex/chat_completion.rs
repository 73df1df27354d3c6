//! `gcp.vertexai.ChatCompletion`: asks a model of Google on Vertex AI.

use super::{Place, VertexSession};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::google::GoogleAccount;
use segue_task::{Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The model of tasks that name none. Google has switched off the one that Kestra names, `gemini-pro`.
const MODEL: &str = "gemini-2.5-flash";

/// Asks a Gemini model on Vertex AI. Each message is a question, and the model sees the earlier questions and answers.
///
/// ```yaml
/// id: joke
/// type: io.kestra.plugin.gcp.vertexai.ChatCompletion
/// region: us-central1
/// projectId: my-project
/// modelId: gemini-2.5-flash
/// messages:
///   - content: Tell me a joke about sport
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatCompletion {
    /// The region: `us-central1`, or `global`.
    region: String,
    /// The questions, in their order.
    messages: Vec<Said>,
    /// Questions and answers before them. The first is a question, the next one its answer.
    #[serde(default)]
    history: Vec<Said>,
    /// A text that is sent before the first question.
    context: Option<String>,
    /// Accepted, and has no effect: Gemini has no examples.
    pub examples: Option<Json>,
    /// The name of the model. Default: `gemini-2.5-flash`.
    model_id: Option<String>,
    /// How the model answers.
    #[serde(default)]
    parameters: Parameters,
    /// The host of the API. Default: the one of the region.
    endpoint: Option<String>,
    #[serde(flatten)]
    account: GoogleAccount,
}

/// One message.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Said {
    /// The text.
    content: String,
    /// Accepted, and has no effect.
    #[serde(default)]
    pub author: Option<String>,
}

/// How a model answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Parameters {
    /// How much answers vary, from 0.
    temperature: f64,
    /// The longest answer, in tokens.
    max_output_tokens: u64,
    /// The number of likely words that the model chooses from.
    top_k: u64,
    /// The share of likely words that the model chooses from, from 0 to 1.
    top_p: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { temperature: 0.2, max_output_tokens: 128, top_k: 40, top_p: 0.95 }
    }
}

/// The outputs of the task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The answers, in the order of the questions.
    predictions: Vec<Prediction>,
}

/// One answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Prediction {
    /// The text.
    content: String,
    /// What Google says about harm: `categories`, `scores`, `blocked`.
    safety_attributes: Json,
    /// The sources that the answer cites, in `citations`.
    citation_metadata: Json,
}

impl Task for ChatCompletion {
    const TYPE: &'static str = "io.kestra.plugin.gcp.vertexai.ChatCompletion";
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        if self.messages.is_empty() {
            return Err(TaskError::failed("messages is empty; add at least one question"));
        }
        let project = self.account.project().ok_or_else(|| {
            TaskError::failed("projectId is missing; set it, or a serviceAccount with a project_id")
        })?;
        let place = Place {
            project: &project,
            location: &self.region,
            endpoint: self.endpoint.as_deref(),
            location_property: "region",
        };
        let session = VertexSession::open(context, &self.account, &place).await?;
        let model = self.model_id.as_deref().unwrap_or(MODEL);
        let roles = ["user", "model"].iter().cycle();
        let mut contents: Vec<Json> =
            self.history.iter().zip(roles).map(|(said, role)| turn(role, &said.content)).collect();
        let mut answers = Vec::new();
        for question in self.context.iter().chain(self.messages.iter().map(|said| &said.content)) {
            contents.push(turn("user", question));
            let answer = self.ask(&session, model, &contents, context).await?;
            contents.push(turn("model", &answer.content));
            answers.push(answer);
        }
        // The answer to the context is not an answer to a question.
        let predictions = answers.split_off(usize::from(self.context.is_some()));
        Ok(Output { predictions })
    }
}

impl ChatCompletion {
    async fn ask(
        &self,
        session: &VertexSession,
        model: &str,
        contents: &[Json],
        context: &TaskContext,
    ) -> Result<Prediction, TaskError> {
        let Parameters { temperature, max_output_tokens, top_k, top_p } = &self.parameters;
        let body = json!({
            "contents": contents,
            "generationConfig": {
                "temperature": temperature, "maxOutputTokens": max_output_tokens, "topK": top_k, "topP": top_p,
            },
        });
        let answer = session.call(model, "generateContent", &body).await?;
        for (metric, field) in [
            ("prompt.token.count", "promptTokenCount"),
            ("candidate.token.count", "candidatesTokenCount"),
            ("total.token.count", "totalTokenCount"),
        ] {
            if let Some(count) = answer.pointer(&format!("/usageMetadata/{field}")).and_then(Json::as_f64) {
                context.metric_counter(metric, count);
            }
        }
        prediction(model, &answer)
    }
}

fn turn(role: &str, text: &str) -> Json {
    json!({"role": role, "parts": [{"text": text}]})
}

fn prediction(model: &str, answer: &Json) -> Result<Prediction, TaskError> {
    let Some(candidate) = answer.pointer("/candidates/0") else {
        let why =
            answer.pointer("/promptFeedback/blockReason").and_then(Json::as_str).unwrap_or("no reason given");
        return Err(TaskError::failed(format!(
            "the model '{model}' of Vertex AI did not answer: {why}; change the question"
        )));
    };
    let parts = candidate.pointer("/content/parts").and_then(Json::as_array);
    let texts = parts.into_iter().flatten().filter_map(|part| part.get("text").and_then(Json::as_str));
    let ratings = candidate.get("safetyRatings").and_then(Json::as_array).cloned().unwrap_or_default();
    let of_each = |field: &str| ratings.iter().map(|rating| rating[field].clone()).collect::<Vec<_>>();
    let citations = candidate.pointer("/citationMetadata/citations").cloned().unwrap_or_else(|| json!([]));
    Ok(Prediction {
        content: texts.collect(),
        safety_attributes: json!({
            "categories": of_each("category"),
            "scores": of_each("severityScore"),
            "blocked": ratings.iter().any(|rating| rating["blocked"] == true),
        }),
        citation_metadata: json!({"citations": citations}),
    })
}
