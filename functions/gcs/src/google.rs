//! The common properties of all tasks, and addresses of objects.

use schemars::JsonSchema;
use segue_ports::object::ObjectAddress;
use segue_ports::{ObjectStore, PortError};
use segue_task::google::GoogleAccount;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// The project and the credentials. They often come from plugin defaults, so each task accepts all of them,
/// even if some have no effect.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Google {
    /// The project and the account.
    #[serde(flatten)]
    pub account: GoogleAccount,
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
        let own = &context.ports().objects;
        Ok(own.acting_as(&self.account.credentials(context))?.unwrap_or_else(|| Arc::clone(own)))
    }
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
