//! The properties about Google's project and account that several services have.

use crate::context::TaskContext;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_ports::Credentials;
use serde::Deserialize;

/// The project and the account. They often come from plugin defaults.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GoogleAccount {
    /// The project. Default: the project of the credentials.
    pub project_id: Option<String>,
    /// The key of a service account. Default: the service's own credentials.
    pub service_account: Option<Json>,
    /// A service account to act as.
    pub impersonated_service_account: Option<String>,
    /// The scopes of the credentials.
    pub scopes: Texts,
}

impl GoogleAccount {
    /// The credentials. From now on the key is masked in log and outputs.
    pub fn credentials(&self, context: &TaskContext) -> Credentials {
        let key = self.key();
        if let Some(key) = &key {
            context.mask(key);
            // A library may show the secret part of the key on its own.
            if let Some(secret) = field(key, "private_key") {
                context.mask(&secret);
            }
        }
        Credentials {
            project: named(self.project_id.as_deref()),
            service_account: key,
            impersonate: named(self.impersonated_service_account.as_deref()),
            scopes: self.scopes.0.clone(),
        }
    }

    /// The project: the property, or else the project of the key.
    pub fn project(&self) -> Option<String> {
        named(self.project_id.as_deref()).or_else(|| field(&self.key()?, "project_id"))
    }

    /// Whether the flow brings a key of its own.
    pub fn has_key(&self) -> bool {
        self.key().is_some_and(|key| key.contains('{'))
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

fn field(key: &str, name: &str) -> Option<String> {
    serde_json::from_str::<Json>(key).ok()?.get(name)?.as_str().map(str::to_owned)
}

/// A text that is not blank.
pub fn named(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
