//! The configuration and the health of the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version, platform and features of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Configs {
    /// The id of this installation. It stays the same as long as the URL stays the same.
    #[serde(default)]
    pub uuid: String,
    /// Segue's version.
    pub version: String,
    /// Always `OSS`.
    #[serde(default)]
    pub edition: String,
    /// The same value as `version`.
    #[serde(default)]
    pub commit_id: String,
    /// The period of charts, as an ISO-8601 duration.
    #[serde(default)]
    pub chart_default_duration: String,
    /// The address of the server for its users. Empty if the address is not set.
    pub url: String,
    /// Whether the server requires a user name and a password.
    pub is_basic_auth_enabled: bool,
    /// The same value as `isBasicAuthEnabled`.
    pub is_basic_auth_initialized: bool,
    /// Always false, because Segue sends no usage data.
    pub is_anonymous_usage_enabled: bool,
    /// Always false.
    pub is_task_run_enabled: bool,
    /// Always false.
    pub is_template_enabled: bool,
    /// Always false.
    pub is_custom_dashboards_enabled: bool,
    /// The number of lines in the preview of a file.
    pub preview: PreviewLimits,
    /// The namespace of the system's own flows.
    pub system_namespace: String,
    /// Pages hide labels with these prefixes.
    pub hidden_labels_prefixes: Vec<String>,
    /// Whether the server has the local warehouse. On Google Cloud, the tables are in BigQuery.
    #[serde(default)]
    pub has_local_warehouse: bool,
}

/// The number of lines in the preview of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviewLimits {
    /// The default number of lines.
    pub initial: u32,
    /// The largest number of lines.
    pub max: u32,
}

/// The health of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Always `segue`. Absent if the server is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The status of the server.
    pub status: HealthStatus,
    /// The failed parts. Absent if the server is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<HealthDetails>,
}

/// The status of the server or of the state store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HealthStatus {
    /// The state store can be read and written.
    Up,
    /// The state store cannot be read, or cannot be written.
    Down,
}

/// The parts of the server that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthDetails {
    /// The health of the state store.
    pub state_store: StoreHealth,
}

/// The health of the state store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreHealth {
    /// Always `segue`.
    pub name: String,
    /// The status of the state store.
    pub status: HealthStatus,
    /// The reason for the status.
    pub details: HealthFault,
}

/// The reason why the state store is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthFault {
    /// The error of the state store.
    pub error: String,
}

impl Health {
    /// The answer of a server that works.
    pub fn up() -> Self {
        Self { name: None, status: HealthStatus::Up, details: None }
    }

    /// The answer of a server with a state store that does not work.
    pub fn down(reason: String) -> Self {
        let state_store = StoreHealth {
            name: "segue".to_owned(),
            status: HealthStatus::Down,
            details: HealthFault { error: reason },
        };
        Self {
            name: Some("segue".to_owned()),
            status: HealthStatus::Down,
            details: Some(HealthDetails { state_store }),
        }
    }
}
