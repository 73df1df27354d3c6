//! What every Google task has: whose project, whose credentials.

use schemars::JsonSchema;
use segue_model::Json;
use segue_task::TaskContext;
use serde::Deserialize;

/// Whose project, whose credentials, where.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The project; the credentials' own unless given.
    pub project_id: Option<String>,
    /// A service account's key, as JSON. The service's own credentials are used where the deployment has some.
    pub service_account: Option<Json>,
    /// A service account to act as.
    pub impersonated_service_account: Option<String>,
    /// OAuth scopes.
    pub scopes: Option<Vec<String>>,
    /// Where the data lives and jobs run: `EU`, `us-central1`, …
    pub location: Option<String>,
    /// Read, not needed: a transient fault of the warehouse is tried again in any case.
    pub retry_auto: Option<Json>,
    /// Read, not needed.
    pub retry_reasons: Option<Vec<String>>,
    /// Read, not needed.
    pub retry_messages: Option<Vec<String>>,
}

impl Connection {
    /// Keeps the credentials out of log and outputs. Every task does this first.
    pub fn mask(&self, context: &TaskContext) {
        match &self.service_account {
            Some(Json::String(key)) => context.mask(key),
            Some(Json::Null) | None => {}
            Some(key) => context.mask(&key.to_string()),
        }
    }

    /// The project, where one is named.
    pub fn project(&self) -> Option<String> {
        named(self.project_id.as_ref())
    }

    /// The location, where one is named.
    pub fn location(&self) -> Option<String> {
        named(self.location.as_ref())
    }
}

fn named(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
