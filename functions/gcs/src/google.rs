//! The properties every task takes, and addresses of objects.

use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_ports::PortError;
use segue_ports::object::ObjectAddress;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;

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
    /// Keeps the key out of the log from now on.
    pub(crate) fn mask(&self, context: &TaskContext) {
        if let Some(Json::String(key)) = &self.service_account {
            context.mask(key);
        }
    }
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
