//! Vertex AI of Google Cloud: where its API is, with which account a request is sent, and requests that the library of
//! protocols does not know.
//!
//! What it must not know: which question is asked.

pub mod chat_completion;
#[cfg(test)]
mod tests;

use reqwest::{Client, StatusCode};
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::Credentials;
use segue_task::google::GoogleAccount;
use segue_task::outbound::ClientSettings;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// The end of the names of Google's hosts.
const GOOGLE: &str = ".googleapis.com";
/// The scope of the tokens.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The delays before the second and the third try.
const DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// The longest answer of the service in an error message, in characters.
const LONGEST_ANSWER: usize = 1_000;

/// A model of Vertex AI.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vertex {
    /// The name of the model.
    pub(crate) model_name: String,
    /// The project.
    project: String,
    /// The location: `europe-west1`, or `global`.
    location: String,
    /// The host of the API. Default: the one of the location.
    #[serde(default)]
    endpoint: Option<String>,
    /// The key of a service account. Default: the service's own credentials.
    #[serde(default)]
    service_account: Option<Json>,
    /// A service account to act as.
    #[serde(default)]
    impersonated_service_account: Option<String>,
}

impl Vertex {
    /// Fetches a token for a request.
    ///
    /// # Errors
    /// A property is invalid, or there is no token.
    pub(crate) async fn session(&self, context: &TaskContext) -> Result<VertexSession, TaskError> {
        let account = GoogleAccount {
            project_id: Some(self.project.clone()),
            service_account: self.service_account.clone(),
            impersonated_service_account: self.impersonated_service_account.clone(),
            ..GoogleAccount::default()
        };
        let place = Place {
            project: &self.project,
            location: &self.location,
            endpoint: self.endpoint.as_deref(),
            location_property: "location",
        };
        VertexSession::open(context, &account, &place).await
    }
}

/// Where requests go.
pub(crate) struct Place<'a> {
    pub(crate) project: &'a str,
    pub(crate) location: &'a str,
    pub(crate) endpoint: Option<&'a str>,
    /// The name of the property with the location, for errors.
    pub(crate) location_property: &'static str,
}

/// The address of a project's models, and a token.
pub(crate) struct VertexSession {
    /// The URL of the project in its location.
    url: String,
    pub(crate) token: String,
    client: Client,
}

impl VertexSession {
    pub(crate) async fn open(
        context: &TaskContext,
        account: &GoogleAccount,
        place: &Place<'_>,
    ) -> Result<Self, TaskError> {
        let (project, location) =
            (part("project", place.project)?, part(place.location_property, place.location)?);
        let base = base(location, place.endpoint, account.has_key())?;
        let url = format!("{base}/v1/projects/{project}/locations/{location}");
        context.clients().url(&url)?;
        let mut credentials = account.credentials(context);
        if credentials.scopes.is_empty() {
            credentials.scopes = vec![SCOPE.to_owned()];
        }
        let token = token(context, &credentials).await?;
        let settings = ClientSettings { stay_with_origin: true, ..ClientSettings::default() };
        Ok(Self { url, token, client: context.clients().get(&settings)? })
    }

    /// The URL under which the location speaks the protocol of OpenAI.
    pub(crate) fn openai_url(&self) -> String {
        format!("{}/endpoints/openapi", self.url)
    }

    /// Calls a method of a model of Google: `predict`, `generateContent`.
    ///
    /// # Errors
    /// What the service says, with what to do.
    pub(crate) async fn call(&self, model: &str, method: &str, body: &Json) -> Result<Json, TaskError> {
        let model = part("the name of the model", model)?;
        let url = format!("{}/publishers/google/models/{model}:{method}", self.url);
        let failed = |what: String| TaskError::failed(format!("the model '{model}' of Vertex AI {what}"));
        let mut delays = DELAYS.iter();
        loop {
            let request = self.client.post(&url).bearer_auth(&self.token).json(body);
            let (status, text) = match request.send().await {
                Ok(answer) => (answer.status(), answer.text().await.unwrap_or_default()),
                Err(error) => {
                    return Err(failed(format!(
                        "cannot be reached: {} (check that the service answers)",
                        error.without_url()
                    )));
                }
            };
            if status.is_success() {
                return serde_json::from_str(&text)
                    .map_err(|error| failed(format!("sent an answer that is no JSON: {error}")));
            }
            let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            match delays.next().filter(|_| passes) {
                Some(delay) => tokio::time::sleep(*delay).await,
                None => {
                    let shown: String = text.chars().take(LONGEST_ANSWER).collect();
                    return Err(failed(format!(
                        "failed: {} {} ({})",
                        status.as_u16(),
                        shown.trim(),
                        hint(status)
                    )));
                }
            }
        }
    }

    /// The embeddings of texts, in their order. The request has one text, because some models accept no more.
    pub(crate) async fn embed(&self, model: &str, texts: &[String]) -> Result<Vec<Vec<f64>>, TaskError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let answer = self.call(model, "predict", &json!({"instances": [{"content": text}]})).await?;
            let values = answer.pointer("/predictions/0/embeddings/values").and_then(Json::as_array);
            let vector: Option<Vec<f64>> =
                values.and_then(|values| values.iter().map(Json::as_f64).collect());
            vectors.push(vector.ok_or_else(|| {
                TaskError::failed(format!(
                    "the model '{model}' of Vertex AI returned no embedding; use a model for embeddings, such as \
                     gemini-embedding-001"
                ))
            })?);
        }
        Ok(vectors)
    }
}

/// The scheme and the host. The token of the service itself goes to Google only.
fn base(location: &str, endpoint: Option<&str>, has_key: bool) -> Result<String, TaskError> {
    let Some(endpoint) = endpoint.map(str::trim).filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(match location {
            "global" => format!("https://aiplatform{GOOGLE}"),
            location => format!("https://{location}-aiplatform{GOOGLE}"),
        });
    };
    let url = if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") };
    let parsed = reqwest::Url::parse(&url)
        .map_err(|error| TaskError::failed(format!("endpoint '{endpoint}' is no address: {error}")))?;
    let is_google =
        parsed.scheme() == "https" && parsed.host_str().is_some_and(|host| host.ends_with(GOOGLE));
    if !is_google && !has_key {
        return Err(TaskError::failed(format!(
            "endpoint '{endpoint}' is not a host of Google, and the task would send a token of the service there; use a host \
             that ends with {GOOGLE}, or set serviceAccount"
        )));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// A part of the URL.
fn part<'t>(what: &str, text: &'t str) -> Result<&'t str, TaskError> {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':' | '@');
    if !text.is_empty() && text.chars().all(allowed) && !text.contains("..") {
        return Ok(text);
    }
    Err(TaskError::failed(format!(
        "{what} is '{text}', which is no name in Google Cloud; check its spelling"
    )))
}

async fn token(context: &TaskContext, credentials: &Credentials) -> Result<String, TaskError> {
    let token = context.ports().tokens.token(credentials).await?.value;
    context.mask(&token);
    Ok(token)
}

/// What to do about a refusal.
pub(crate) fn hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "check serviceAccount",
        403 => {
            "give the account roles/aiplatform.user, and enable the API aiplatform.googleapis.com in the project"
        }
        404 => "check the name of the model and its location",
        429 => "the quota is used up: wait, or add a retry to the task",
        _ => "the answer says why",
    }
}
