//! The common properties of all tasks, and addresses of objects.

use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_ports::object::ObjectAddress;
use segue_ports::{Credentials, ObjectStore, PortError};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// The project and the credentials. They often come from plugin defaults, so each task accepts all of them,
/// even if some have no effect.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Google {
    /// The project. Default: the project of the credentials.
    pub project_id: Option<String>,
    /// The key of a service account. Default: the service's own credentials.
    pub service_account: Option<Json>,
    /// A service account to act as.
    pub impersonated_service_account: Option<String>,
    /// The scopes of the credentials.
    pub scopes: Texts,
    /// The location of new buckets: `EU`, `us-central1`, …
    pub location: Option<String>,
    /// Accepted because of plugin defaults, and has no effect.
    pub bucket: Option<String>,
}

impl Google {
    /// The buckets with the flow's project and credentials. Every task uses this. From now on the key is
    /// masked in log and outputs.
    ///
    /// # Errors
    /// Credentials that cannot be parsed.
    pub(crate) fn objects(&self, context: &TaskContext) -> Result<Arc<dyn ObjectStore>, TaskError> {
        let key = self.key();
        if let Some(key) = &key {
            context.mask(key);
            // Masking only the whole key would not mask its secret part on its own.
            let parsed = serde_json::from_str::<Json>(key).ok();
            let secret = parsed.as_ref().and_then(|key| key.get("private_key")).and_then(Json::as_str);
            if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
                context.mask(secret);
            }
        }
        let credentials = Credentials {
            project: named(self.project_id.as_deref()),
            service_account: key,
            impersonate: named(self.impersonated_service_account.as_deref()),
            scopes: self.scopes.0.clone(),
        };
        let own = &context.ports().objects;
        Ok(own.acting_as(&credentials)?.unwrap_or_else(|| Arc::clone(own)))
    }

    /// The key as a text. Flows write it as a text or as a map.
    fn key(&self) -> Option<String> {
        match self.service_account.as_ref()? {
            Json::Null => None,
            Json::String(text) => named(Some(text)),
            key => Some(key.to_string()),
        }
    }
}

fn named(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Parses the address of an object.
///
/// # Errors
/// A text that is not a `gs://` address, or that names only a bucket.
pub fn object(property: &str, uri: &str) -> Result<ObjectAddress, TaskError> {
    let address = ObjectAddress::parse(uri.trim())?;
    if address.key.is_empty() || address.key.ends_with('/') {
        return Err(TaskError::failed(format!(
            "{property} is '{uri}', which does not name an object; write gs://{}/<folder>/<file>",
            address.bucket
        )));
    }
    Ok(address)
}

/// If the store did not find the file, returns an error with the address as the flow wrote it.
pub(crate) fn missing(error: PortError, property: &str, uri: &str) -> TaskError {
    match error {
        PortError::NotFound { what } if what.contains(uri) => {
            TaskError::failed(format!("{property}: {uri} was not found"))
        }
        PortError::NotFound { what } => {
            TaskError::failed(format!("{property} is {uri}: {what} was not found"))
        }
        other => other.into(),
    }
}
