//! The common properties of all types.

use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::topics::TopicName;
use segue_ports::{Credentials, Topics};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::sync::Arc;

/// The project and the credentials.
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
    pub scopes: Option<Vec<String>>,
}

/// Topics with the flow's project and credentials.
pub(crate) struct Project {
    pub(crate) topics: Arc<dyn Topics>,
    pub(crate) id: String,
}

impl Google {
    /// The topics that a flow uses. From now on the key is masked in log and outputs.
    ///
    /// # Errors
    /// Credentials that cannot be parsed.
    pub(crate) fn project(&self, context: &TaskContext) -> Result<Project, TaskError> {
        let key = self.key();
        if let Some(key) = &key {
            context.mask(key);
            // Masking only the whole key would not mask its secret part on its own.
            let parsed: Option<Json> = serde_json::from_str(key).ok();
            if let Some(secret) = parsed.as_ref().and_then(|key| key.get("private_key")?.as_str()) {
                context.mask(secret);
            }
        }
        let credentials = Credentials {
            project: named(self.project_id.as_deref()),
            service_account: key,
            impersonate: named(self.impersonated_service_account.as_deref()),
            scopes: self.scopes.clone().unwrap_or_default(),
        };
        let own = &context.ports().topics;
        let topics = own.acting_as(&credentials)?.unwrap_or_else(|| Arc::clone(own));
        let id = credentials.project.unwrap_or_else(|| topics.project().to_owned());
        Ok(Project { topics, id })
    }

    fn key(&self) -> Option<String> {
        let key = self.service_account.as_ref().filter(|key| !key.is_null())?;
        key.as_str().map_or_else(|| Some(key.to_string()), |text| named(Some(text)))
    }
}

impl Project {
    /// The topic with this id or full name.
    ///
    /// # Errors
    /// A name that Google refuses.
    pub(crate) fn topic(&self, name: Option<&str>) -> Result<TopicName, TaskError> {
        let name =
            named(name).ok_or_else(|| TaskError::failed("topic is missing; write the name of the topic"))?;
        Ok(TopicName::parse(&name, &self.id)?)
    }
}

/// A text that is not blank.
pub(crate) fn named(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
