//! The properties every task takes, and addresses of objects.

use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_ports::object::ObjectAddress;
use segue_ports::{Credentials, ObjectStore, PortError};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// Which project, as whom. Most often they come from plugin defaults, so each task takes all of them, also where
/// they do not matter to it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Google {
    /// The project; that of the credentials where it is missing.
    pub project_id: Option<String>,
    /// The content of a service account's key; the service's own credentials where it is missing.
    pub service_account: Option<Json>,
    /// A service account to act as.
    pub impersonated_service_account: Option<String>,
    /// What the credentials are asked for.
    pub scopes: Texts,
    /// Where a bucket is made: `EU`, `us-central1`, …
    pub location: Option<String>,
    /// Left over from plugin defaults; without effect.
    pub bucket: Option<String>,
}

impl Google {
    /// The buckets, asked as the flow says; every task goes through this. The key is out of log and outputs from
    /// now on.
    ///
    /// # Errors
    /// Credentials that cannot be read.
    pub(crate) fn objects(&self, context: &TaskContext) -> Result<Arc<dyn ObjectStore>, TaskError> {
        let key = self.key();
        if let Some(key) = &key {
            context.mask(key);
            // The key as a whole hides nothing where its secret part alone turns up.
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

    /// The key as a text: flows give it as one, or as the object it is.
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

/// Reads the address of one object.
///
/// # Errors
/// A text that is no `gs://` address, or names a bucket alone.
pub fn object(property: &str, uri: &str) -> Result<ObjectAddress, TaskError> {
    let address = ObjectAddress::parse(uri.trim())?;
    if address.key.is_empty() || address.key.ends_with('/') {
        return Err(TaskError::failed(format!(
            "{property} is '{uri}', which names no object; write gs://{}/<folder>/<file>",
            address.bucket
        )));
    }
    Ok(address)
}

/// An error that names the file as the flow does, where the store could not find it.
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
