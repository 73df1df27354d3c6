//! The properties of every Google task: project, credentials and location.

use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::warehouse::Warehouse;
use segue_ports::{Credentials, ObjectStore};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// The project, the credentials and the location.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The project. Default: the project of the credentials.
    pub project_id: Option<String>,
    /// A service account's key, as JSON text or as a map. Default: the service's own account.
    pub service_account: Option<Json>,
    /// A service account to act as.
    pub impersonated_service_account: Option<String>,
    /// OAuth scopes.
    pub scopes: Option<Vec<String>>,
    /// The location of data and jobs: `EU`, `us-central1`, …
    pub location: Option<String>,
    /// Accepted, and has no effect: transient faults of the warehouse are always retried.
    pub retry_auto: Option<Json>,
    /// Accepted, and has no effect.
    pub retry_reasons: Option<Vec<String>>,
    /// Accepted, and has no effect.
    pub retry_messages: Option<Vec<String>>,
}

impl Connection {
    /// Masks the credentials in log and outputs. Every task calls this first.
    pub fn mask(&self, context: &TaskContext) {
        if let Some(key) = self.key() {
            context.mask(&key);
        }
    }

    /// The warehouse with the task's project and credentials. Every task uses this.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the credentials cannot be parsed.
    pub fn warehouse(&self, context: &TaskContext) -> Result<Arc<dyn Warehouse>, TaskError> {
        let own = &context.ports().warehouse;
        let other = own.acting_as(&self.credentials()).map_err(|error| refusal(error, context))?;
        Ok(other.unwrap_or_else(|| Arc::clone(own)))
    }

    /// The buckets with the task's project and credentials.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if the credentials cannot be parsed.
    pub fn objects(&self, context: &TaskContext) -> Result<Arc<dyn ObjectStore>, TaskError> {
        let own = &context.ports().objects;
        Ok(own.acting_as(&self.credentials())?.unwrap_or_else(|| Arc::clone(own)))
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            project: self.project(),
            service_account: self.key(),
            impersonate: named(self.impersonated_service_account.as_ref()),
            scopes: self.scopes.clone().unwrap_or_default(),
        }
    }

    fn key(&self) -> Option<String> {
        match self.service_account.as_ref()? {
            Json::Null => None,
            Json::String(text) => named(Some(text)),
            key => Some(key.to_string()),
        }
    }

    /// The project. None if none is named.
    pub fn project(&self) -> Option<String> {
        named(self.project_id.as_ref())
    }

    /// The location. None if none is named.
    pub fn location(&self) -> Option<String> {
        named(self.location.as_ref())
    }
}

fn named(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
