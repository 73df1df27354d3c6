//! What every Google task has: whose project, whose credentials.

use crate::refusal::refusal;
use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::warehouse::Warehouse;
use segue_ports::{Credentials, ObjectStore};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// Whose project, whose credentials, where.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The project; the credentials' own unless given.
    pub project_id: Option<String>,
    /// A service account's key: the JSON as a text, or as it is. The service's own account is used unless given.
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
        if let Some(key) = self.key() {
            context.mask(&key);
        }
    }

    /// The warehouse, asked as the task says. Every task goes through this.
    ///
    /// # Errors
    /// [`TaskError::Failed`] for credentials that cannot be read.
    pub fn warehouse(&self, context: &TaskContext) -> Result<Arc<dyn Warehouse>, TaskError> {
        let own = &context.ports().warehouse;
        let other = own.acting_as(&self.credentials()).map_err(|error| refusal(error, context))?;
        Ok(other.unwrap_or_else(|| Arc::clone(own)))
    }

    /// The buckets, asked as the task says.
    ///
    /// # Errors
    /// [`TaskError::Failed`] for credentials that cannot be read.
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
