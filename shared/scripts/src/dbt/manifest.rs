//! Keeps `manifest.json` in the KV store, so that the next run can compare with it (`state:modified`, `--defer`).

use schemars::JsonSchema;
use segue_model::Json;
use segue_ports::kv::{KvType, KvWrite};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;

/// The place of a manifest in the KV store.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ManifestKey {
    /// The key.
    key: String,
    /// The namespace. Default: the namespace of the flow.
    #[serde(default)]
    namespace: Option<String>,
}

impl ManifestKey {
    fn namespace<'a>(&'a self, context: &'a TaskContext) -> &'a str {
        let given = self.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        given.unwrap_or(&context.message().namespace)
    }

    /// The stored manifest as text. None, with a warning in the log, if there is none.
    ///
    /// # Errors
    /// The KV store fails.
    pub(super) async fn load(&self, context: &TaskContext) -> Result<Option<String>, TaskError> {
        let (namespace, ports) = (self.namespace(context), context.ports());
        let found = ports.state.kv(namespace, &self.key, ports.clock.now()).await?;
        match found.map(|entry| entry.value) {
            Some(Json::String(text)) => Ok(Some(text)),
            Some(value) => Ok(Some(value.to_string())),
            None => {
                context.warn(format!(
                    "there is no manifest under the key '{}' of the namespace '{namespace}' yet, so dbt compares with nothing",
                    self.key
                ));
                Ok(None)
            }
        }
    }

    /// Stores a manifest. To store the same manifest again changes nothing.
    ///
    /// # Errors
    /// The text is no JSON, or the KV store fails.
    pub(super) async fn store(&self, context: &TaskContext, text: &str) -> Result<(), TaskError> {
        let value = serde_json::from_str(text)
            .map_err(|error| TaskError::failed(format!("the manifest that dbt wrote is no JSON: {error}")))?;
        let (namespace, ports) = (self.namespace(context).to_owned(), context.ports());
        let key = self.key.clone();
        let description = Some("The manifest of dbt".to_owned());
        let write = KvWrite::Set { namespace, key, kind: KvType::Json, value, description, expires: None };
        ports.state.write_kv(vec![write], ports.clock.now()).await?;
        context.info(format!("the manifest is stored under the key '{}'", self.key));
        Ok(())
    }
}
